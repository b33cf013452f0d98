package dialect

import "strings"

// EventMask says what becomes of the columns in the data of events, by their bare names. A column that is in none of the
// lists, as one that the table no longer has, becomes null.
type EventMask struct {
	// Taken get the values that they have in the event of the erasure.
	Taken []string
	// Cleared are texts that become empty where they are not null.
	Cleared []string
	// Kept stay.
	Kept []string
}

// MaskedData is the data of an event, masked. data and erased are the quoted columns with the data of the event and of that
// of the erasure; erased may be empty where nothing is taken.
func (d *Dialect) MaskedData(m EventMask, data, erased string) string {
	value := "CASE"
	when := func(names []string, further, then string) {
		if len(names) == 0 {
			return
		}
		literals := make([]string, len(names))
		for i, name := range names {
			literals[i] = d.String(name)
		}
		value += " WHEN j.key IN (" + strings.Join(literals, ", ") + ")" + further + " THEN " + then
	}
	if erased != "" {
		when(m.Taken, "", "coalesce("+d.events.member(erased)+", 'null')")
	}
	member := d.events.member(data)
	when(m.Cleared, " AND "+member+" <> 'null'", `'""'`)
	when(m.Kept, "", member)
	value += " WHEN 1 = 1 THEN 'null' END"
	return d.events.object(data, value)
}

// DataText is a column in the data of an event as text, NULL where it is not there; data is the quoted column.
func (d *Dialect) DataText(data, name string) string {
	return d.events.dataText(data, d.String(name))
}
