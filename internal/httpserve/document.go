package httpserve

// Document is what an address of the data routes says, for the pages to show to people. Neither face of the registry imports the other,
// so what passes between them stands here.
type Document struct {
	// Kind is landing, conformance, definition, collections, collection, queryables, items or item.
	Kind       string
	Collection string // its id; empty outside collections
	Item       string // the id of one feature
	Links      []Link
	// Columns are the heads of the table: properties of the collection, or address, crs, description, id, name, parameters, property, type,
	// value, values.
	Columns []string
	Rows    [][]Cell
	// Matched is how many features there are on all pages, nil when nobody counted.
	Matched *int
}

// Cell is one field of a document's table. Several values are several texts; nil is a value that nobody states, none an empty list.
type Cell struct {
	Texts []string
	Href  string
	// Property is the collection's property that the texts are values of; empty when they are not.
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
