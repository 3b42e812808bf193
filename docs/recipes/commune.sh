# One commune: its boundary and the sites in it.
curl -fsS -o tafraout.geojson 'http://127.0.0.1:8080/communes/09.581.01.05.geojson'
