// Package registry is the subject itself: agreements, what amends them, what they build, where, by whom, and which words
// of which source say so. It holds the records, their closed sets, their validation, the state of a record on a day, and
// the contracts that a store fulfils. It knows no SQL, no HTTP and no wire format other than the records' own JSON.
//
// A record is a plain struct; its canonical form is its JSON with fields in declaration order (Canonical). The truth is a
// chain of revisions of that form; everything else that a store keeps is derived from it. A value that no source states is
// absent, never a zero: pointers, empty strings and empty lists mean "not stated".
package registry
