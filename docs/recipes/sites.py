"""All sites as a GeoDataFrame, from one GeoPackage, which stays as a file."""
from urllib.request import urlretrieve

import geopandas

urlretrieve("http://127.0.0.1:8080/api/collections/sites/items?f=gpkg", "sites.gpkg")
sites = geopandas.read_file("sites.gpkg", layer="sites")
print(sites[["name", "commune_name", "surface_m2", "surface_qualifier"]])
print(len(sites), "sites,", int(sites.geometry.isna().sum()), "without a known place")
