# Sites and stated surface by province, from GeoParquet: how many have no stated surface, and which of "about", "nearly" … the sum is made of.
curl -fsS -o sites.parquet 'http://127.0.0.1:8080/api/collections/sites/items?f=parquet'
duckdb -csv -c "
  SELECT province_name, count(*) AS sites, sum(surface_m2) AS surface_m2,
    string_agg(DISTINCT surface_qualifier, ' ') AS qualifiers, count(*) - count(surface_m2) AS without_surface
  FROM 'sites.parquet' GROUP BY province_name ORDER BY sites DESC"
