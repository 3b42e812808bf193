package httpserve

// Document is what an address of the data routes says, for the pages to show to people. Neither face of the registry imports the other,
// so what passes between them stands here.
type Document struct {
	// Kind is landing, conformance, definition, collections, collection, queryables, items or item; downloads, a list of snapshots, or snapshot.
	Kind       string
	Collection string // its id; empty outside collections
	Item       string // the id of one feature; of a snapshot, when it was published, RFC 3339
	Links      []Link
	// Columns are the heads of the table: properties of the collection, or address, as_of, bytes, collection, crs, description, file, files,
	// format, id, name, parameters, property, published, sha256, type, value, values.
	Columns []string
	Rows    [][]Cell
	// Matched is how many features there are on all pages, nil when nobody counted.
	Matched *int
}

// Cell is one field of a document's table. Several values are several texts; nil is a value that nobody states, none an empty list.
type Cell struct {
	Texts []string
	Href  string
	// Property is the collection's property that the texts are values of; of a snapshot as_of, bytes, collection (all for every one), files,
	// format (metadata for the description of a file) or published. Empty for what isn't said in words.
	Property string
}

// Link is a link as OGC API documents have them.
type Link struct {
	Href     string `json:"href"`
	Rel      string `json:"rel"`
	Type     string `json:"type,omitempty"`
	Title    string `json:"title,omitempty"`
	HrefLang string `json:"hreflang,omitempty"`
	// Templated marks a Href with names in braces to be replaced: no address as it stands.
	Templated bool `json:"templated,omitempty"`
}
