package erasure

import (
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/pii"
	"github.com/gorm-softdelete/softdelete/internal/policy"
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

// DataMap lists the columns with a pii tag, and those without one that look personal.
func (e *Eraser) DataMap(db *gorm.DB) ([]DataMapEntry, error) {
	models, err := e.Models(db)
	if err != nil {
		return nil, err
	}
	var entries []DataMapEntry
	for _, p := range models {
		entries = append(entries, dataMap(p)...)
	}
	return entries, nil
}

func dataMap(p *policy.Policy) (entries []DataMapEntry) {
	table := p.Table
	if p.Personal != nil && p.Personal.Remove {
		entries = append(entries, DataMapEntry{Table: table, Column: "*", Strategy: pii.Delete})
		for _, field := range personalKey(p) { // it stays in records of erased rows, and in logs
			entries = append(entries, DataMapEntry{Table: table, Column: field.DBName})
		}
		return entries
	}
	for _, field := range p.Schema.Fields {
		if field.DBName == "" || p.Schema.FieldsByDBName[field.DBName] != field {
			continue
		}
		entry := DataMapEntry{Table: table, Column: field.DBName}
		if p.Personal != nil {
			if _, tagged := p.Personal.Tags[field.DBName]; tagged {
				if entry.Strategy, entry.Basis = strategyOf(p.Personal, field); entry.Strategy != pii.None {
					entries = append(entries, entry)
				}
				continue
			}
		}
		if p.Structural(field) || !looksPersonal(field) {
			continue
		}
		entries = append(entries, entry)
	}
	return entries
}

func strategyOf(d *pii.Personal, field *schema.Field) (strategy, basis string) {
	for _, c := range d.Masked {
		if c.Field == field {
			return c.Mask.Strategy(), ""
		}
	}
	for _, k := range d.Kept {
		if k.Field == field {
			return pii.Keep, k.Basis
		}
	}
	for _, s := range d.Subjects {
		if s.Field == field {
			return pii.Subject + ":" + s.Model, ""
		}
	}
	return pii.None, ""
}

// personalWords are words in names of columns that hold personal data, by the kinds of columns that they count for. Texts of
// any kind count for all of them.
func personalWords(kind pii.ColumnKind) []string {
	text := []string{
		"email", "mail", "phone", "mobile", "fax", "firstname", "lastname", "surname", "fullname", "forename", "username", "nickname",
		"address", "street", "city", "zip", "postcode", "postal", "iban", "bic", "passport", "ssn", "gender", "ethnicity", "religion",
		"ip", "useragent", "token", "password", "secret", "avatar", "photo", "signature",
	}
	places, births := []string{"latitude", "longitude", "lat", "lng", "geo"}, []string{"birth", "birthday", "birthdate", "dob"}
	switch kind {
	case pii.TextColumn, pii.JsonColumn, pii.BytesColumn, pii.OtherColumn:
		return slices.Concat(text, places, births)
	case pii.IntegerColumn:
		return append([]string{"phone", "mobile", "ssn", "ip"}, births...)
	case pii.AddressColumn:
		return []string{"ip", "address"}
	case pii.FloatColumn:
		return places
	case pii.TimeColumn:
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

// personalKey lists the columns of a model's primary key that look personal and are not tagged. No erasure changes a key.
func personalKey(p *policy.Policy) (fields []*schema.Field) {
	for _, field := range p.Schema.PrimaryFields {
		if p.Personal != nil {
			if _, tagged := p.Personal.Tags[field.DBName]; tagged {
				continue
			}
		}
		if looksPersonal(field) {
			fields = append(fields, field)
		}
	}
	return fields
}

// looksPersonal tells whether a column's name and type are those of personal data. Keys that count, counters and flags are not.
func looksPersonal(field *schema.Field) bool {
	kind := pii.KindOf(field)
	words := wordsOf(field.DBName)
	last := words[len(words)-1]
	if slices.Contains(plainEndings, last) {
		return false
	}
	known := personalWords(kind)
	for i, word := range words {
		if slices.Contains(known, word) || i > 0 && slices.Contains(known, words[i-1]+word) {
			return true
		}
	}
	switch {
	case last != "name" || kind != pii.TextColumn:
		return false
	case len(words) > 1:
		return namedPerson(words[len(words)-2])
	}
	return slices.ContainsFunc(wordsOf(field.Schema.Table), personTable)
}

// wordsOf splits a column's name at "_".
func wordsOf(name string) []string { return strings.Split(strings.ToLower(name), "_") }
