package erasure

import (
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/pii"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room reads back what an erasure has done, before it commits. The old values stay in the program, for that long only:
// statements that carried them would show them to loggers.

// verifier reads rows before they are masked and after.
type verifier struct {
	*call
	reach   *reach
	logs    *logs
	secrets *secrets
}

// shortestSecret is how many characters a value needs to be looked for in other columns: shorter ones stand there by chance.
const shortestSecret = 4

// secrets are the values that were to be erased.
type secrets struct {
	old   map[policy.Place]map[string][]oldValue // by row, a value per masked column
	words map[string]map[shape]map[string]bool   // in lower case, by their first word and their shape
}

// oldValue is what a masked column had, with what the mask writes in its place where it foretells that.
type oldValue struct {
	before, written sql.NullString
	reckoned        bool // by the database, from other columns
}

// shape is where the first word of an old value begins, and how many bytes it has. There are few for a word, however many values.
type shape struct{ offset, length int }

func newSecrets() *secrets {
	return &secrets{old: map[policy.Place]map[string][]oldValue{}, words: map[string]map[shape]map[string]bool{}}
}

// readSecrets reads the values that are about to be masked.
func (x *verifier) readSecrets(tx statement.Session, fresh []*reachedModel) error {
	if x.secrets == nil {
		x.secrets = newSecrets()
	}
	for _, m := range fresh {
		if err := x.readOldValues(tx, m); err != nil {
			return err
		}
		if m.Log() != nil {
			if err := x.readLoggedSecrets(tx, m); err != nil {
				return err
			}
		}
	}
	return nil
}

// readOldValues reads what a model's rows have in masked columns.
func (x *verifier) readOldValues(tx statement.Session, m *reachedModel) error {
	masked := x.masked(m.Place)
	if len(masked) == 0 {
		return nil
	}
	rows := x.secrets.old[m.Place]
	if rows == nil {
		rows = map[string][]oldValue{}
		x.secrets.old[m.Place] = rows
	}
	return x.readTexts(tx, m, x.maskedTexts(masked), func(key string, texts []sql.NullString) {
		values := make([]oldValue, len(masked))
		for i, c := range masked {
			values[i] = oldValue{before: texts[2*i], written: texts[2*i+1], reckoned: x.reckoned[c.Field]}
			x.secrets.learn(c, values[i].before, values[i].written)
		}
		rows[key] = values
	})
}

// maskedTexts are, for each masked column, what it has and what the mask foretells for it.
func (x *verifier) maskedTexts(masked []*pii.MaskedColumn) (texts []columnText) {
	for _, c := range masked {
		written := columnText{field: c.Field, nothing: true}
		if c.Mask.Foretells() && !x.reckoned[c.Field] {
			written = columnText{field: c.Field, foretold: c.Mask}
		}
		texts = append(texts, columnText{field: c.Field}, written)
	}
	return texts
}

// columnText is a column that is read as text, or what a mask foretells for it.
type columnText struct {
	field    *schema.Field
	foretold pii.Mask
	nothing  bool // it is read as NULL
}

func (c columnText) write(q *statement.Query, table string) {
	switch {
	case c.nothing:
		q.Text("NULL")
	case c.foretold != nil:
		c.foretold.SQL(q)
	case slices.Contains([]pii.ColumnKind{pii.BytesColumn, pii.TimeColumn}, pii.KindOf(c.field)): // a time's text would depend on the session
		q.Column(table, c.field.DBName)
	default:
		q.Text(q.Dialect.Text(q.Quoted(table, c.field.DBName)))
	}
}

// readTexts reads columns of rows as text.
func (x *verifier) readTexts(tx statement.Session, m *reachedModel, columns []columnText, each func(key string, values []sql.NullString)) error {
	table := m.Table()
	return statement.Chunks(m.rows, func(chunk []erasedrow.ReachedRow) error {
		q := erasedrow.RowText(tx.Query().Text("SELECT "), m.Place, table)
		for _, c := range columns {
			c.write(q.Text(", "), table)
		}
		erasedrow.KeysIn(q.Text(" FROM ").Name(table).Text(" WHERE "), m.Place, table, chunk)
		return q.Rows(func(scan func(...any) error) error {
			var key string
			values := make([]sql.NullString, len(columns))
			targets := []any{&key}
			for i := range values {
				targets = append(targets, &values[i])
			}
			if err := scan(targets...); err != nil {
				return fmt.Errorf("softdelete: a text of table %s cannot be read back", table)
			}
			each(key, values)
			return nil
		})
	})
}

// learn remembers an old value to look for in other columns, unless it is what the mask writes there.
func (s *secrets) learn(c *pii.MaskedColumn, old, written sql.NullString) {
	if !old.Valid || old == written {
		return
	}
	kind := pii.KindOf(c.Field)
	c.Mask.Takes(old.String, func(text string) {
		for _, form := range pii.Forms(kind, text) {
			s.add(form)
		}
	})
}

func (s *secrets) add(text string) {
	text = strings.ToLower(strings.TrimSpace(text))
	if utf8.RuneCountInString(text) < shortestSecret || text == "true" || text == "false" || text == pii.Nothing {
		return
	}
	start, end := nextWord(text, 0)
	if start < 0 {
		return
	}
	word, of := text[start:end], shape{offset: start, length: len(text)}
	if s.words[word] == nil {
		s.words[word] = map[shape]map[string]bool{}
	}
	if s.words[word][of] == nil {
		s.words[word][of] = map[string]bool{}
	}
	s.words[word][of][text] = true
}

// nextWord finds the next run of letters and digits; start is -1 where there is none.
func nextWord(text string, from int) (start, end int) {
	letter := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	start = strings.IndexFunc(text[from:], letter)
	if start < 0 {
		return -1, -1
	}
	start += from
	end = strings.IndexFunc(text[start:], func(r rune) bool { return !letter(r) })
	if end < 0 {
		return start, len(text)
	}
	return start, start + end
}

// in tells whether a text, or a text inside a JSON document, has an old value in it, as whole words.
func (s *secrets) in(text string) bool {
	if s.inText(text) {
		return true
	}
	if !strings.ContainsAny(text, "{[\"") {
		return false
	}
	found := false
	if document, ok := pii.DecodeDocument(text); ok {
		pii.Leaves(document, func(leaf string) { found = found || s.inText(leaf) })
	}
	return found
}

func (s *secrets) inText(text string) bool {
	text = strings.ToLower(text)
	for start, end := nextWord(text, 0); start >= 0; start, end = nextWord(text, end) {
		for of, known := range s.words[text[start:end]] {
			from := start - of.offset
			upto := from + of.length
			if from < 0 || upto > len(text) || !known[text[from:upto]] {
				continue
			}
			last, _ := utf8.DecodeLastRuneInString(text[from:upto])
			next, _ := utf8.DecodeRuneInString(text[upto:])
			wordEnds := !unicode.IsLetter(last) && !unicode.IsDigit(last) || !unicode.IsLetter(next) && !unicode.IsDigit(next)
			if wordEnds {
				return true
			}
		}
	}
	return false
}

// verify reads rows again: no value that was to be erased may be left in its own column, nor in another text of the rows.
func (x *verifier) verify(tx statement.Session, list []*reachedModel) error {
	residue := map[string]int64{}
	for _, m := range list {
		if m.Log() != nil && x.secrets != nil {
			if err := x.verifyLog(tx, m, residue); err != nil {
				return x.quiet(tx, err, "reading back", m.Policy.Log.Events)
			}
		}
		if m.Policy.Personal != nil && m.Policy.Personal.Remove || len(m.rows) == 0 {
			continue
		}
		if err := x.verifyModel(tx, m, residue); err != nil {
			return x.quiet(tx, err, "reading back", m.Table())
		}
	}
	return x.residueError(residue)
}

// residueError names the columns that still have old values.
func (x *verifier) residueError(residue map[string]int64) error {
	if len(residue) == 0 {
		return nil
	}
	var places []string
	for _, place := range slices.Sorted(maps.Keys(residue)) {
		places = append(places, fmt.Sprintf("%s in %s", statement.CountText(residue[place], "row"), place))
	}
	return fmt.Errorf("%w: after masking, values that were to be erased are still there: %s; tag the columns with the pii mask that they "+
		"need, or pii:\"-\" where the text is not personal; %s", fault.ErrUnsupported, strings.Join(places, ", "), x.nothingErased())
}

func (x *verifier) verifyModel(tx statement.Session, m *reachedModel, residue map[string]int64) error {
	p := m.Policy
	masked := x.masked(m.Place)
	var columns []columnText
	for _, c := range masked {
		columns = append(columns, columnText{field: c.Field})
	}
	pending := x.pending[m.Place]
	for _, field := range p.Schema.Fields {
		if m.Has(field) && otherText(p, field) {
			columns = append(columns, columnText{field: field})
		}
	}
	if len(columns) == 0 || x.secrets == nil {
		return nil
	}
	old := x.secrets.old[m.Place]
	count := func(field *schema.Field) {
		residue[fmt.Sprintf("table %s, column %s", m.Table(), field.DBName)]++
	}
	err := x.readTexts(tx, m, columns, func(key string, values []sql.NullString) {
		before, known := old[key]
		for i, value := range values {
			field, isMasked := columns[i].field, i < len(masked)
			switch {
			case pending[key] && (isMasked || field == p.Actor || field == p.Reason): // a later batch's
			case !isMasked:
				if value.Valid && x.secrets.in(value.String) {
					count(field)
				}
			case known && before[i].left(masked[i], value, x.secrets.in):
				count(field)
			}
		}
	})
	if err != nil {
		return err
	}
	return x.verifyTimes(tx, m, count)
}

// left tells whether a masked column still has what it had.
func (v oldValue) left(c *pii.MaskedColumn, now sql.NullString, has func(string) bool) bool {
	if v.reckoned {
		return now.Valid && now.String != "" && (now == v.before || has(now.String))
	}
	return v.written.Valid && now != v.written || c.Mask.Left(v.before, now, has)
}

// otherText tells whether a column that is not masked may hold a text about a person.
func otherText(p *policy.Policy, field *schema.Field) bool {
	if field.DBName == "" || p.Schema.FieldsByDBName[field.DBName] != field || field.PrimaryKey || p.Personal.Masks(field) {
		return false
	}
	if p.Personal != nil {
		kept := slices.ContainsFunc(p.Personal.Kept, func(k pii.KeptField) bool { return k.Field == field })
		subject := slices.ContainsFunc(p.Personal.Subjects, func(s pii.SubjectField) bool { return s.Field == field })
		if kept || subject || p.Personal.Harmless[field.DBName] {
			return false
		}
	}
	if p.Column() == field || slices.Contains([]*schema.Field{p.ID, p.At, p.Previous}, field) {
		return false
	}
	switch pii.KindOf(field) {
	case pii.TextColumn, pii.JsonColumn, pii.BytesColumn, pii.OtherColumn, pii.UuidColumn, pii.AddressColumn:
		return true
	}
	return false
}

// verifyTimes asks the database whether times are as their mask leaves them: their text depends on the session.
func (x *verifier) verifyTimes(tx statement.Session, m *reachedModel, count func(*schema.Field)) error {
	for _, c := range x.written(m.Place) {
		if !c.AsksDatabase() {
			continue
		}
		rows := slices.DeleteFunc(slices.Clone(m.rows), func(row erasedrow.ReachedRow) bool { return x.pending[m.Place][row.Text] })
		err := statement.Chunks(rows, func(chunk []erasedrow.ReachedRow) error {
			q := erasedrow.KeysIn(tx.Query().Text("SELECT 1 FROM ").Name(m.Table()).Text(" WHERE "), m.Place, "", chunk)
			q.Text(" AND ").Name(c.Field.DBName).Text(" <> ")
			c.Mask.SQL(q)
			return q.Rows(func(func(...any) error) error { count(c.Field); return nil })
		})
		if err != nil {
			return err
		}
	}
	return nil
}
