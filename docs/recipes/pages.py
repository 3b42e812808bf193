"""Every agreement, page by page: the link "next" leads on until there is none."""
import json
import urllib.request

url = "http://127.0.0.1:8080/api/collections/agreements/items?f=geojson&limit=5"
agreements = []
while url:
    with urllib.request.urlopen(url) as answer:
        page = json.load(answer)
    agreements += page["features"]
    url = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)

print(len(agreements), "agreements")
