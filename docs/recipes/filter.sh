# The exhibition spaces of a box, west,south,east,north: a filter in CQL2.
curl -fsS -o spaces.geojson --get 'http://127.0.0.1:8080/api/collections/sites/items' \
  --data-urlencode 'f=geojson' \
  --data-urlencode "filter=kind = 'exhibition_space' AND S_INTERSECTS(geometry, BBOX(-10,29,-8,31))"
