package softdelete

import (
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

// This room lists where personal data is.

// DataMapEntry is a column with personal data, or one that looks as if it had.
type DataMapEntry struct {
	Table  string
	Column string
	// Strategy is the word of the pii tag; empty for a column that looks personal and has no tag.
	Strategy string
	Basis    string // of keep
}

// DataMap lists the columns of Config.Models that have a pii tag, apart from those tagged "-", and those without one whose
// name and type look personal: what an erasure would leave behind. A model tagged pii:"delete" is listed with the column "*".
func DataMap(db *gorm.DB) ([]DataMapEntry, error) {
	e, err := engineOf(db)
	if err != nil {
		return nil, err
	}
	models, err := e.models(db)
	if err != nil {
		return nil, err
	}
	var entries []DataMapEntry
	for _, p := range models {
		entries = append(entries, p.dataMap()...)
	}
	return entries, nil
}

func (p *policy) dataMap() (entries []DataMapEntry) {
	table := p.schema.Table
	if p.personal != nil && p.personal.remove {
		return []DataMapEntry{{Table: table, Column: "*", Strategy: piiDelete}}
	}
	for _, field := range p.schema.Fields {
		if field.DBName == "" || p.schema.FieldsByDBName[field.DBName] != field {
			continue
		}
		entry := DataMapEntry{Table: table, Column: field.DBName}
		if p.personal != nil {
			if _, tagged := p.personal.tags[field.DBName]; tagged {
				if entry.Strategy, entry.Basis = p.personal.strategyOf(field); entry.Strategy != piiNone {
					entries = append(entries, entry)
				}
				continue
			}
		}
		if p.structural(field) || !looksPersonal(field) {
			continue
		}
		entries = append(entries, entry)
	}
	return entries
}

func (d *personal) strategyOf(field *schema.Field) (strategy, basis string) {
	for _, c := range d.masked {
		if c.field == field {
			return c.mask.strategy(), ""
		}
	}
	for _, k := range d.kept {
		if k.field == field {
			return piiKeep, k.basis
		}
	}
	for _, s := range d.subjects {
		if s.field == field {
			return piiSubject + ":" + s.model, ""
		}
	}
	return piiNone, ""
}

// structural tells whether a column is part of the plugin's own order of things.
func (p *policy) structural(field *schema.Field) bool {
	m, marks := p.marker()
	return marks && m.column() == field || slices.Contains([]*schema.Field{p.id, p.at, p.previous, p.actor, p.reason}, field)
}

// personalWords are words in names of columns that hold personal data, by the kinds of columns that they count for. Texts of
// any kind count for all of them.
func personalWords(kind columnKind) []string {
	text := []string{
		"email", "mail", "phone", "mobile", "fax", "firstname", "lastname", "surname", "fullname", "forename", "username", "nickname",
		"address", "street", "city", "zip", "postcode", "postal", "iban", "bic", "passport", "ssn", "gender", "ethnicity", "religion",
		"ip", "useragent", "token", "password", "secret", "avatar", "photo", "signature",
	}
	places, births := []string{"latitude", "longitude", "lat", "lng", "geo"}, []string{"birth", "birthday", "birthdate", "dob"}
	switch kind {
	case textColumn, jsonColumn, bytesColumn, otherColumn:
		return slices.Concat(text, places, births)
	case integerColumn:
		return append([]string{"phone", "mobile", "ssn", "ip"}, births...)
	case addressColumn:
		return []string{"ip", "address"}
	case floatColumn:
		return places
	case timeColumn:
		return births
	}
	return nil
}

// namedPerson tells whether a word before "name" makes that a person's.
func namedPerson(word string) bool {
	return slices.Contains([]string{
		"first", "last", "middle", "full", "given", "family", "maiden", "display", "user", "nick", "contact", "holder", "owner",
		"customer", "recipient", "sender", "billing", "shipping",
	}, word)
}

// personTable tells whether a word in a table's name makes its rows persons.
func personTable(word string) bool {
	return slices.Contains([]string{
		"user", "customer", "person", "people", "contact", "employee", "member", "patient", "account", "author", "subscriber", "client",
		"guest", "profile", "lead", "applicant", "candidate", "student",
	}, strings.TrimSuffix(word, "s"))
}

// plainEndings are words that a column's name ends with where it tells about a value without being one.
var plainEndings = []string{"id", "count", "type", "status", "kind", "verified", "enabled", "at", "hash", "format", "version"}

// looksPersonal tells whether a column's name and type are those of personal data. Keys, counters and flags are not.
func looksPersonal(field *schema.Field) bool {
	kind := kindOfColumn(field, strings.ToLower(string(field.DataType)))
	words := wordsOf(field.DBName)
	last := words[len(words)-1]
	if field.PrimaryKey || slices.Contains(plainEndings, last) {
		return false
	}
	known := personalWords(kind)
	for i, word := range words {
		if slices.Contains(known, word) || i > 0 && slices.Contains(known, words[i-1]+word) {
			return true
		}
	}
	switch {
	case last != "name" || kind != textColumn:
		return false
	case len(words) > 1:
		return namedPerson(words[len(words)-2])
	}
	return slices.ContainsFunc(wordsOf(field.Schema.Table), personTable)
}

// wordsOf splits a column's name at "_".
func wordsOf(name string) []string { return strings.Split(strings.ToLower(name), "_") }
