package softdelete

import (
	"database/sql"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

// This room reads back what an erasure has done, before it commits. The old values stay in the program, for that long only:
// statements that carried them would show them to loggers.

// shortestSecret is how many characters a value needs to be looked for in other columns: shorter ones stand there by chance.
const shortestSecret = 4

// secrets are the values that were to be erased.
type secrets struct {
	old   map[place]map[string][]sql.NullString // by row, a value per masked column
	words map[string][]secret                   // by their first word, in lower case
}

// secret is an old value in lower case; its first word begins at offset.
type secret struct {
	text   string
	offset int
}

func newSecrets() *secrets {
	return &secrets{old: map[place]map[string][]sql.NullString{}, words: map[string][]secret{}}
}

// readSecrets reads the values that are about to be masked.
func (x *erasure) readSecrets(tx *gorm.DB, fresh []*reachedModel) error {
	if x.secrets == nil {
		x.secrets = newSecrets()
	}
	for _, m := range fresh {
		if m.log() != nil {
			if err := x.readLoggedSecrets(tx, m); err != nil {
				return err
			}
		}
		if m.policy.personal == nil || len(m.policy.personal.masked) == 0 {
			continue
		}
		rows := x.secrets.old[m.place]
		if rows == nil {
			rows = map[string][]sql.NullString{}
			x.secrets.old[m.place] = rows
		}
		masked := m.policy.personal.masked
		fields := make([]*schema.Field, len(masked))
		for i, c := range masked {
			fields[i] = c.field
		}
		err := x.readTexts(tx, m, fields, func(key string, values []sql.NullString) {
			rows[key] = values
			for i, value := range values {
				if value.Valid {
					x.secrets.learn(masked[i], value.String)
				}
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// readTexts reads columns of rows as text.
func (x *erasure) readTexts(tx *gorm.DB, m *reachedModel, fields []*schema.Field, each func(key string, values []sql.NullString)) error {
	table := m.table()
	return chunks(m.rows, func(chunk []reachedRow) error {
		q := newQuery(tx, x.engine.dialect).text("SELECT ").rowText(m.place, table)
		for _, field := range fields {
			q.text(", ")
			if kindOfColumn(field, strings.ToLower(string(field.DataType))) == bytesColumn {
				q.column(table, field.DBName)
			} else {
				q.text(q.dialect.Text(q.quoted(table, field.DBName)))
			}
		}
		q.text(" FROM ").name(table).text(" WHERE ").keysIn(m.place, table, chunk)
		return q.rows(func(scan func(...any) error) error {
			var key string
			values := make([]sql.NullString, len(fields))
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

// learn remembers an old value to look for in other columns.
func (s *secrets) learn(c *maskedColumn, text string) {
	switch kindOfColumn(c.field, strings.ToLower(string(c.field.DataType))) {
	case textColumn, addressColumn, jsonColumn, bytesColumn, otherColumn:
	case integerColumn:
		if len(text) < 6 {
			return // an amount or a year, more likely than a number that belongs to one person
		}
	default:
		return
	}
	if c.mask.leaves(text) {
		return
	}
	if c.mask.word != maskJSON {
		s.add(text)
		return
	}
	if document, ok := decodeDocument(text); ok {
		for _, path := range c.mask.paths {
			valuesAt(document, path, s.add)
		}
	}
}

func (s *secrets) add(text string) {
	text = strings.ToLower(strings.TrimSpace(text))
	if utf8.RuneCountInString(text) < shortestSecret || text == "true" || text == "false" || text == nothing {
		return
	}
	start, end := nextWord(text, 0)
	if start < 0 {
		return
	}
	word, entry := text[start:end], secret{text: text, offset: start}
	if !slices.Contains(s.words[word], entry) {
		s.words[word] = append(s.words[word], entry)
	}
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
	if document, ok := decodeDocument(text); ok {
		leaves(document, func(leaf string) { found = found || s.inText(leaf) })
	}
	return found
}

func (s *secrets) inText(text string) bool {
	text = strings.ToLower(text)
	for start, end := nextWord(text, 0); start >= 0; start, end = nextWord(text, end) {
		for _, known := range s.words[text[start:end]] {
			from := start - known.offset
			if from < 0 || !strings.HasPrefix(text[from:], known.text) {
				continue
			}
			last, _ := utf8.DecodeLastRuneInString(known.text)
			next, _ := utf8.DecodeRuneInString(text[from+len(known.text):])
			wordEnds := !unicode.IsLetter(last) && !unicode.IsDigit(last) || !unicode.IsLetter(next) && !unicode.IsDigit(next)
			if wordEnds {
				return true
			}
		}
	}
	return false
}

// leaves tells whether the mask lets a value be as it is, since it looks erased already.
func (m mask) leaves(old string) bool {
	switch m.word {
	case maskZero, maskFixed:
		return sameConstant(m.value, old)
	case maskTemplate:
		return m.pattern().MatchString(old)
	case maskTruncate:
		network, ok := truncateAddress(old)
		return m.unit != "ip" || ok && network == strings.TrimSuffix(strings.TrimSuffix(old, "/32"), "/128")
	case maskFunc:
		return old == ""
	}
	return false
}

// sameConstant tells whether a text of the database stands for the constant.
func sameConstant(constant any, text string) bool {
	switch constant := constant.(type) {
	case string:
		return constant == text
	case bool:
		value, err := strconv.ParseBool(text)
		return err == nil && value == constant
	case int64, float64:
		value, err := strconv.ParseFloat(text, 64)
		return err == nil && fmt.Sprint(value) == fmt.Sprint(floatOf(constant))
	case []byte:
		return text == ""
	}
	return true // a time, whose text depends on the session; expected asks the database
}

func floatOf(value any) float64 {
	if n, ok := value.(int64); ok {
		return float64(n)
	}
	return value.(float64)
}

// pattern is what a template's values look like.
func (m mask) pattern() *regexp.Regexp {
	var text strings.Builder
	for _, p := range m.pieces {
		switch {
		case p.id:
			text.WriteString(`.+`)
		case p.width > 0:
			fmt.Fprintf(&text, `[0-9a-f]{%d}`, p.width)
		default:
			text.WriteString(regexp.QuoteMeta(p.text))
		}
	}
	return regexp.MustCompile("^(?s:" + text.String() + ")$")
}

// kept tells whether a column that was masked still has what it had.
func (m mask) keptValue(old, now sql.NullString) bool {
	switch {
	case !now.Valid:
		return false
	case m.word == maskNull:
		return true
	case m.word == maskZero, m.word == maskFixed:
		return !sameConstant(m.value, now.String)
	case m.word == maskTemplate:
		return !m.pattern().MatchString(now.String)
	case m.word == maskJSON:
		document, _ := decodeDocument(now.String)
		left := false
		for _, path := range m.paths {
			valuesAt(document, path, func(string) { left = true })
		}
		return left
	}
	return old.Valid && old.String == now.String && !m.leaves(old.String)
}

// verify reads the rows again: no value that was to be erased may be left in its own column, nor in another text of the rows.
func (x *erasure) verify(tx *gorm.DB) error {
	residue := map[string]int64{}
	for _, m := range x.rows {
		if m.log() != nil && x.secrets != nil {
			if err := x.verifyLog(tx, m, residue); err != nil {
				return x.quiet(tx, err, "reading back", m.policy.log.Events)
			}
		}
		if m.policy.personal != nil && m.policy.personal.remove || len(m.rows) == 0 {
			continue
		}
		if err := x.verifyModel(tx, m, residue); err != nil {
			return x.quiet(tx, err, "reading back", m.table())
		}
	}
	return x.residueError(residue)
}

// residueError names the columns that still have old values.
func (x *erasure) residueError(residue map[string]int64) error {
	if len(residue) == 0 {
		return nil
	}
	var places []string
	for _, place := range slices.Sorted(maps.Keys(residue)) {
		places = append(places, fmt.Sprintf("%s in %s", countText(residue[place], "row"), place))
	}
	return fmt.Errorf("%w: after masking, values that were to be erased are still there: %s; tag the columns with the pii mask that they "+
		"need, or pii:\"-\" where the text is not personal; %s", ErrUnsupported, strings.Join(places, ", "), x.nothingErased())
}

func (x *erasure) verifyModel(tx *gorm.DB, m *reachedModel, residue map[string]int64) error {
	p := m.policy
	var fields []*schema.Field
	var masks []*maskedColumn // nil for a column that is not masked
	if p.personal != nil {
		for _, c := range p.personal.masked {
			fields, masks = append(fields, c.field), append(masks, c)
		}
	}
	pending := x.pending[m.place]
	for _, field := range p.schema.Fields {
		if m.has(field) && p.otherText(field) {
			fields, masks = append(fields, field), append(masks, nil)
		}
	}
	if len(fields) == 0 || x.secrets == nil {
		return nil
	}
	old := x.secrets.old[m.place]
	count := func(field *schema.Field) {
		residue[fmt.Sprintf("table %s, column %s", m.table(), field.DBName)]++
	}
	err := x.readTexts(tx, m, fields, func(key string, values []sql.NullString) {
		for i, value := range values {
			before, masked := old[key]
			switch {
			case pending[key] && (masks[i] != nil || fields[i] == p.actor || fields[i] == p.reason): // a later batch's
			case masks[i] == nil:
				if value.Valid && x.secrets.in(value.String) {
					count(fields[i])
				}
			case masked && masks[i].mask.keptValue(before[i], value):
				count(fields[i])
			case masked && value.Valid && (masks[i].mask.word == maskFunc || masks[i].mask.word == maskJSON) && x.secrets.in(value.String):
				count(fields[i])
			}
		}
	})
	if err != nil {
		return err
	}
	return x.verifyTimes(tx, m, count)
}

// otherText tells whether a column that is not masked may hold a text about a person.
func (p *policy) otherText(field *schema.Field) bool {
	if field.DBName == "" || p.schema.FieldsByDBName[field.DBName] != field || field.PrimaryKey || p.masks(field) {
		return false
	}
	if p.personal != nil {
		kept := slices.ContainsFunc(p.personal.kept, func(k keptField) bool { return k.field == field })
		subject := slices.ContainsFunc(p.personal.subjects, func(s subjectField) bool { return s.field == field })
		if kept || subject || p.personal.harmless[field.DBName] {
			return false
		}
	}
	if m, marks := p.marker(); marks && m.column() == field || slices.Contains([]*schema.Field{p.id, p.at, p.previous}, field) {
		return false
	}
	switch kindOfColumn(field, strings.ToLower(string(field.DataType))) {
	case textColumn, jsonColumn, bytesColumn, otherColumn:
		return true
	}
	return false
}

// verifyTimes asks the database whether times are as their mask leaves them: their text depends on the session.
func (x *erasure) verifyTimes(tx *gorm.DB, m *reachedModel, count func(*schema.Field)) error {
	if m.policy.personal == nil {
		return nil
	}
	for _, c := range m.policy.personal.masked {
		if kindOfColumn(c.field, strings.ToLower(string(c.field.DataType))) != timeColumn || c.mask.word == maskNull || c.mask.word == maskFunc {
			continue
		}
		rows := slices.DeleteFunc(slices.Clone(m.rows), func(row reachedRow) bool { return x.pending[m.place][row.text] })
		err := chunks(rows, func(chunk []reachedRow) error {
			q := newQuery(tx, x.engine.dialect).text("SELECT 1 FROM ").name(m.table()).text(" WHERE ").keysIn(m.place, "", chunk)
			q.text(" AND ").name(c.field.DBName).text(" <> ")
			x.maskExpression(q, c)
			return q.rows(func(func(...any) error) error { count(c.field); return nil })
		})
		if err != nil {
			return err
		}
	}
	return nil
}
