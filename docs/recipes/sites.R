# All sites as a simple features table, by the driver that QGIS uses.
library(sf)

sites <- st_read("OAPIF:http://127.0.0.1:8080/api", layer = "sites", quiet = TRUE)
print(table(sites$kind, useNA = "ifany"))
cat(nrow(sites), "sites\n")
