package edtf

import "fmt"

// Takes says in one line what Parse takes, for error messages and help texts.
const Takes = "an EDTF date of level 0 or 1, such as 2021, 2021-07, 2021-07-26, 2021-21 (spring), 201X, 2004-XX, 2021-07~, 2015-09/2016-03, 2015-09/.. or 2021?-07-26"

// Error says why a text is no date of ours.
type Error struct {
	Got    string // the whole text
	Reason string // what is wrong with it
	Takes  string // what may stand there
}

// Error joins the three.
func (e *Error) Error() string {
	return fmt.Sprintf("date %q: %s; takes %s", e.Got, e.Reason, e.Takes)
}
