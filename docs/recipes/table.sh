# All sites as a table, also those without a place.
curl -fsS -o sites.csv 'http://127.0.0.1:8080/api/collections/sites/items?f=csv'
