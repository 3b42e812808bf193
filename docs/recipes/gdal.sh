# The same driver as in QGIS: every page is followed, and the sites land in a file.
ogr2ogr sites.gpkg 'OAPIF:http://127.0.0.1:8080/api' sites
ogrinfo -ro -so sites.gpkg sites
