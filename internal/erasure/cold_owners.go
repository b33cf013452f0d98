package erasure

import (
	"maps"
	"slices"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/cold"
	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/pii"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// This room ties rows in cold storage to the person: by the keys of rows in the database, in event logs and in cold storage.
// Keys are compared as texts, in the form that the database would compare them in.

// comparesAsText tells whether equal values of a key column have the same text.
func comparesAsText(field *schema.Field) bool {
	switch pii.KindOf(field) {
	case pii.IntegerColumn, pii.TextColumn, pii.UuidColumn, pii.BytesColumn, pii.TimeColumn, pii.BoolColumn:
		return true
	}
	return false
}

// ownerText is the values of a relation's key, a parent's or a child's, as one text; ok is false where one is NULL.
func (x *coldStorage) ownerText(r *policy.Relation, values []any) (text string, ok bool) {
	compared := make([]any, len(values))
	for i, value := range values {
		plain, ok := rowkey.PlainValue(value)
		if !ok {
			return "", false
		}
		if compared[i] = plain; x.same[r.Keys[i]] != nil {
			if text, ok := rowkey.TextIn(plain); ok {
				compared[i] = x.same[r.Keys[i]][text]
			}
		}
	}
	return rowkey.Of(x.eraser.Dialect, comparedAs(r)).Exact(compared), true
}

// learn asks the database which texts of a relation's keys, a parent's or a child's, its columns take for the same. Whoever compares keys
// has learnt them before.
func (x *coldStorage) learn(tx statement.Session, r *policy.Relation, keys [][]any) error {
	for i, key := range r.Keys {
		table, field := r.Parent.Table, key.Parent
		folds, err := x.eraser.Folding.Folds(tx, table, []*schema.Field{field})
		if err == nil && !folds {
			table, field = r.Child.Table, key.Child
			folds, err = x.eraser.Folding.Folds(tx, table, []*schema.Field{field})
		}
		if err != nil || !folds {
			if err != nil {
				return err
			}
			continue
		}
		if x.same[key] == nil {
			x.same[key] = map[string]string{}
		}
		known := x.same[key]
		var list [][]any // those that others are the same as, and then what is new
		for _, first := range slices.Sorted(maps.Values(known)) {
			list = append(list, []any{first})
		}
		for _, values := range keys {
			if text, ok := rowkey.TextIn(values[i]); ok {
				if _, learnt := known[text]; !learnt {
					list = append(list, []any{text})
				}
			}
		}
		texts, err := x.eraser.Folding.Texts(tx, table, []*schema.Field{field}, list)
		if err != nil {
			return err
		}
		for n, text := range texts {
			known[list[n][0].(string)] = text
		}
	}
	return nil
}

// learnRows learns the keys that rows in cold storage have as children and as parents.
func (x *coldStorage) learnRows(tx statement.Session, p *policy.Policy, rows []map[string]any) error {
	learn := func(r *policy.Relation, fields []*schema.Field) error {
		keys := make([][]any, len(rows))
		for n, row := range rows {
			keys[n] = valuesIn(row, fields)
		}
		return x.learn(tx, r, keys)
	}
	for _, parent := range x.reachable() {
		for _, r := range x.edges[parent] {
			if r.Child != p {
				continue
			}
			if err := learn(r, childrenRelation(r)); err != nil {
				return err
			}
		}
	}
	for _, r := range x.edges[p] {
		if err := learn(r, parentsRelation(r)); err != nil {
			return err
		}
	}
	return nil
}

func valuesIn(row map[string]any, fields []*schema.Field) []any {
	values := make([]any, len(fields))
	for i, field := range fields {
		values[i] = row[field.DBName]
	}
	return values
}

// comparedAs are the columns of a relation that say how its keys compare: the parent's, but for numbers and the like that are
// compared as the child's text.
func comparedAs(r *policy.Relation) []*schema.Field {
	fields := parentsRelation(r)
	for i, key := range r.Keys {
		if key.AsText() && key.Parent.GORMDataType != schema.String {
			fields[i] = key.Child
		}
	}
	return fields
}

// parents are the key columns of a relation's parent, children those of its child.
func parentsRelation(r *policy.Relation) []*schema.Field {
	fields := make([]*schema.Field, len(r.Keys))
	for i, key := range r.Keys {
		fields[i] = key.Parent
	}
	return fields
}

func childrenRelation(r *policy.Relation) []*schema.Field {
	fields := make([]*schema.Field, len(r.Keys))
	for i, key := range r.Keys {
		fields[i] = key.Child
	}
	return fields
}

// own notes that children with these values are the person's.
func (x *coldStorage) own(r *policy.Relation, values []any) {
	text, ok := x.ownerText(r, values)
	if !ok || x.owners[r][text] {
		return
	}
	if x.owners[r] == nil {
		x.owners[r] = map[string]bool{}
	}
	x.owners[r][text] = true
	x.known[r.Child]++
}

// ownRows notes what the rows that were reached in the database own.
func (x *coldStorage) ownRows(tx statement.Session) error {
	for _, m := range x.reach.rows {
		for _, r := range x.edges[m.Policy] {
			if _, remains := r.Child.Remains(); !remains {
				continue
			}
			err := statement.Chunks(m.rows, func(chunk []erasedrow.ReachedRow) error {
				q := tx.Query().Text("SELECT ").Columns(m.Table(), parentsRelation(r)).Text(" FROM ").Name(m.Table())
				return x.ownAll(tx, r, erasedrow.KeysIn(q.Text(" WHERE "), m.Place, m.Table(), chunk))
			})
			if err != nil {
				return err
			}
			err = statement.Chunks(m.gone, func(chunk []goneRow) error {
				q := tx.Query().Text("SELECT ")
				statement.Joined(q, parentsRelation(r), ", ", func(field *schema.Field) {
					q.Text(q.Dialect.DataText(q.Quoted(ownerAlias, "data"), field.DBName))
				})
				LoggedKeysIn(q.Text(" FROM ").Name(m.Policy.Log.Events).Text(" AS ").Name(ownerAlias).Text(" WHERE "), ownerAlias, goneKeys(chunk))
				return x.ownAll(tx, r, q.Text(" AND ").Column(ownerAlias, "content").Text(" <> '", change, "'"))
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// ownAll notes what the rows of a SELECT own by a relation.
func (x *coldStorage) ownAll(tx statement.Session, r *policy.Relation, q *statement.Query) error {
	keys, err := q.KeyValues(len(r.Keys))
	if err != nil {
		return err
	}
	if err := x.learn(tx, r, keys); err != nil {
		return err
	}
	for _, values := range keys {
		x.own(r, values)
	}
	return nil
}

// ownsRows notes what a row in cold storage owns, there and in the database.
func (x *coldStorage) ownsRows(p *policy.Policy, row map[string]any) {
	for _, r := range x.edges[p] {
		values := valuesIn(row, parentsRelation(r))
		if _, ok := x.ownerText(r, values); ok {
			x.own(r, values)
			x.parents[r] = append(x.parents[r], values)
		}
	}
}

// withSubjectKey tells which rows of a batch of the subject's model have its key.
func (x *coldStorage) withSubjectKey(tx statement.Session, p *policy.Policy, rows []map[string]any) (map[int]bool, error) {
	found := map[int]bool{}
	if p != x.root {
		return found, nil
	}
	keys, places := [][]any{x.key}, []int{}
	for i, row := range rows {
		if values := valuesIn(row, p.Schema.PrimaryFields); !slices.Contains(values, nil) {
			keys, places = append(keys, values), append(places, i)
		}
	}
	texts, err := x.eraser.Folding.Texts(tx, p.Table, p.Schema.PrimaryFields, keys)
	if err != nil {
		return nil, err
	}
	for n, i := range places {
		found[i] = texts[n+1] == texts[0]
	}
	return found, nil
}

// isSubject tells whether a row with the subject's key is its own, and not one that uses the key again. All rows of an archive
// with the subject's key are, as they are in the archive.
func (x *coldStorage) isSubject(t policy.Place, row map[string]any) bool {
	created := x.identity(x.root, row).Created
	return t.Archived || x.reach.row.Created == 0 || created == 0 || erasedrow.SameMoment(x.eraser.Dialect, x.root.Schema, created, x.reach.row.Created)
}

// belongs tells whether a row in cold storage is the person's. keyed tells that it has the subject's key.
func (x *coldStorage) belongs(t policy.Place, row map[string]any, keyed bool) bool {
	if m := cold.MarkOf(row); m.Removed && m.Request == x.request.ID { // nothing but that is left of it
		return true
	}
	if keyed && x.isSubject(t, row) {
		return true
	}
	for r, owners := range x.owners {
		if r.Child != t.Policy {
			continue
		}
		text, ok := x.ownerText(r, valuesIn(row, childrenRelation(r)))
		for _, fixed := range r.Fixed {
			ok = ok && row[fixed.Child.DBName] != nil && rowkey.TextOf(row[fixed.Child.DBName]) == fixed.Value
		}
		if ok && owners[text] {
			return true
		}
	}
	return false
}

// Under finds the rows in the database that refer to rows in cold storage. Where a row of the table has the key, they refer
// to that one: it is the same row, thawed, or another one that uses the key again.
func (x *coldStorage) Under(tx statement.Session, follow follow) error {
	for r, parents := range x.parents {
		err := statement.Chunks(parents, func(chunk [][]any) error {
			chunk, err := x.withoutRow(tx, r, chunk)
			if err != nil || len(chunk) == 0 {
				return err
			}
			for _, t := range r.Child.Looks() {
				rows, err := x.rowsOf(tx, r, t, chunk)
				if err != nil {
					return err
				}
				follow(t, rows, nil)
			}
			if r.Child.Log == nil {
				return nil
			}
			rows, err := x.goneOf(tx, r, chunk)
			follow(r.Child.Home(), nil, rows)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// withoutRow leaves out those parents whose key a row of the parent's table has.
func (x *coldStorage) withoutRow(tx statement.Session, r *policy.Relation, parents [][]any) ([][]any, error) {
	table, there := r.Parent.Table, map[string]bool{}
	q := tx.Query().Text("SELECT ").Columns(table, parentsRelation(r)).Text(" FROM ").Name(table).Text(" WHERE ")
	found, err := q.KeyAmong(statement.Table{Name: table}, parentsRelation(r), parents).KeyValues(len(r.Keys))
	if err != nil {
		return nil, err
	}
	if err := x.learn(tx, r, slices.Concat(parents, found)); err != nil {
		return nil, err
	}
	for _, values := range found {
		if text, ok := x.ownerText(r, values); ok {
			there[text] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(parents), func(values []any) bool {
		text, _ := x.ownerText(r, values)
		return there[text]
	}), nil
}

// rowsOf finds the rows of a table that have one of the values in a relation's key columns. See rowsUnder.
func (x *coldStorage) rowsOf(tx statement.Session, r *policy.Relation, t policy.Place, parents [][]any) ([]erasedrow.ReachedRow, error) {
	alike, err := x.collates(tx, r)
	if err != nil {
		return nil, err
	}
	table := t.Table()
	q := erasedrow.SelectRows(tx.Query(), t).Text(" WHERE ")
	if keys := x.asCompared(r, parents); strings.Join(alike, "") == "" {
		q.KeyAmong(statement.Table{Name: table}, childrenRelation(r), keys)
	} else {
		statement.Joined(q.Text("("), keys, " OR ", func(values []any) {
			for i, key := range r.Keys {
				q.Text([]string{"(", " AND "}[min(i, 1)], q.Quoted(table, key.Child.DBName), alike[i], " = ").Bind(values[i])
			}
			q.Text(")")
		}).Text(")")
	}
	walk.MatchFixed(r, q, table)
	q.Text(" ORDER BY ").Columns(table, t.Key())
	x.lock(q)
	return erasedrow.ReachedRows(q, t)
}

// asCompared gives keys of parents as the child's columns compare with them.
func (x *coldStorage) asCompared(r *policy.Relation, parents [][]any) [][]any {
	compared := make([][]any, len(parents))
	for n, values := range parents {
		compared[n] = slices.Clone(values)
		for i, key := range r.Keys {
			if key.AsText() {
				compared[n][i] = x.parentText(key, values[i])
			}
		}
	}
	return compared
}

// parentText is a parent's value as a text that a child has.
func (x *coldStorage) parentText(key policy.KeyPair, value any) string {
	return rowkey.Of(x.eraser.Dialect, []*schema.Field{key.Parent}).Exact([]any{value})
}

// goneOf finds those that are in the child's event log only. See goneUnder.
func (x *coldStorage) goneOf(tx statement.Session, r *policy.Relation, parents [][]any) ([]goneRow, error) {
	q := selectGone(tx.Query(), r.Child)
	data := q.Quoted(goneAlias, "data")
	alike, err := x.collates(tx, r)
	if err != nil {
		return nil, err
	}
	q.Text("(")
	statement.Joined(q, parents, " OR ", func(values []any) {
		q.Text("(")
		for i, key := range r.Keys {
			if i > 0 {
				q.Text(" AND ")
			}
			q.Text(q.Dialect.DataText(data, key.Child.DBName), alike[i], " = ").Bind(x.parentText(key, values[i]))
		}
		q.Text(")")
	}).Text(")")
	for _, fixed := range r.Fixed {
		q.Text(" AND ", q.Dialect.DataText(data, fixed.Child.DBName), " = ").Bind(fixed.Value)
	}
	return goneRows(tx, r.Child, q.Text(" ORDER BY ").Column(goneAlias, "row_key"), nil)
}
