package httpserve

import "time"

// Limits are the bounds of the listener. A zero field takes the value of Default, so a test names only what it shortens.
type Limits struct {
	// ReadTimeout is for one whole request, head and body: a client that drips its headers is cut after this long.
	// Honest requests here are one packet; ten seconds is a very bad phone line.
	ReadTimeout time.Duration
	// IdleTimeout is how long a kept-alive connection may stay silent. A reader looks at a page for a minute and clicks on.
	IdleTimeout time.Duration
	// StallTimeout is how long one write of at most 64 KiB may wait for the client to take it. It bounds a client that
	// stopped reading without cutting a slow but honest download, which fasthttp's WriteTimeout would: that one
	// covers the whole response.
	StallTimeout time.Duration
	// RequestDeadline is the life of a request's context: a query that takes longer is our mistake, not an answer.
	RequestDeadline time.Duration
	// StreamDeadline is the same for Stream: a whole dump over a slow line.
	StreamDeadline time.Duration
	// DrainTimeout is how long running answers may go on after a stop. Container hosts kill after ten seconds or more.
	DrainTimeout time.Duration

	// ReadBufferSize bounds the request line with all headers (431 above it). A GET with a long filter needs far more
	// than fasthttp's 4 KiB, and half of it is left to headers.
	ReadBufferSize int
	// AddressSize bounds path and query in bytes (414 above it).
	AddressSize int
	// BodyLimit bounds a request body (413 above it). Nothing reads a body yet.
	BodyLimit int
	// Connections is how many connections are served at once (503 above it): each may hold two buffers and a worker.
	Connections int
	// ConnectionsPerClient is the share of one IPv4 address or IPv6 /64 (429 above it). A browser opens six; a school
	// or a ministry behind one address opens many more.
	ConnectionsPerClient int
}

// Default holds the limits that apply where Options.Limits is silent.
var Default = Limits{
	ReadTimeout:     10 * time.Second,
	IdleTimeout:     60 * time.Second,
	StallTimeout:    20 * time.Second,
	RequestDeadline: 15 * time.Second,
	StreamDeadline:  15 * time.Minute,
	DrainTimeout:    10 * time.Second,

	ReadBufferSize:       32 << 10,
	AddressSize:          16 << 10,
	BodyLimit:            64 << 10,
	Connections:          2048,
	ConnectionsPerClient: 128,
}

const (
	heldBack       = 32 << 10               // of a stream: an error within it is still a real status
	heldInAll      = 24 << 20               // bytes that all answers together may hold back beyond that; see StreamOptions.Hold
	worthGzip      = 1 << 10                // below it the gzip frame and the client's work cost more than the bytes saved
	writePiece     = 64 << 10               // what StallTimeout is measured on
	departureCheck = 500 * time.Millisecond // how often a running request looks whether its client is still there
	readyDeadline  = 2 * time.Second        // for the readiness question: a prober gives up soon after
	lingerTime     = 500 * time.Millisecond // after refusing a request that is still being sent, see conn.Close
	lingerSize     = 256 << 10
	gotLength      = 200 // runes of a refused value that an error repeats
)

func (l Limits) orDefault() Limits {
	fill(&l.ReadTimeout, Default.ReadTimeout)
	fill(&l.IdleTimeout, Default.IdleTimeout)
	fill(&l.StallTimeout, Default.StallTimeout)
	fill(&l.RequestDeadline, Default.RequestDeadline)
	fill(&l.StreamDeadline, Default.StreamDeadline)
	fill(&l.DrainTimeout, Default.DrainTimeout)
	fill(&l.ReadBufferSize, Default.ReadBufferSize)
	fill(&l.AddressSize, Default.AddressSize)
	fill(&l.BodyLimit, Default.BodyLimit)
	fill(&l.Connections, Default.Connections)
	fill(&l.ConnectionsPerClient, Default.ConnectionsPerClient)
	return l
}

func fill[T comparable](field *T, def T) {
	var zero T
	if *field == zero {
		*field = def
	}
}
