package migrate

import (
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is for what holds over all rows where the model wants it over the live ones: a UNIQUE constraint or index under a name
// that GORM does not know, and one that stays since a foreign key of the database refers to its columns.

// narrows tells whether a declared index is a plain one that a policy has narrowed to live rows.
func narrows(p *policy.Policy, index *schema.Index) bool {
	return index.Class == "UNIQUE" && index.Where != "" && index.Where == p.Predicates.Live.Of("") &&
		!slices.ContainsFunc(index.Fields, func(o schema.IndexOption) bool { return o.Expression != "" || o.Collate != "" })
}

// sameKey tells whether an index of the database is unique over all rows by the columns of the declared one, in any order.
func sameKey(index *schema.Index, found *dialect.Index) bool {
	if !found.Unique || found.Primary || found.Where != "" {
		return false
	}
	var columns []string
	for _, option := range index.Fields {
		columns = append(columns, option.Field.DBName)
	}
	return dialect.SameSet(columns, found.Columns())
}

// referrer is a foreign key of the database that refers to a table by exactly these columns; nil where there is none.
func (m *migrator) referrer(stmt *gorm.Statement, columns []string) (*dialect.Reference, error) {
	references, err := m.migrations.Dialect.ReferencesTo(m.reader(), m.qualified(stmt))
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(references, func(r dialect.Reference) bool { return dialect.SameSet(r.Parents, columns) })
	if i < 0 {
		return nil, nil
	}
	return &references[i], nil
}

// qualified is the name of the table that a statement migrates, with its schema.
func (m *migrator) qualified(stmt *gorm.Statement) string {
	t, ok := statement.TableOf(stmt, m.migrations.Dialect)
	if !ok || stmt.TableExpr == nil {
		return stmt.Schema.Table
	}
	return t.Name
}

// staysWhole tells whether an index that the policy would narrow stays over all rows, as it is in the database: a foreign key refers
// to its columns, which only an index over all rows can serve. What DDL lists says so.
func (m *migrator) staysWhole(stmt *gorm.Statement, p *policy.Policy, index *schema.Index) (bool, error) {
	if !narrows(p, index) {
		return false, nil
	}
	indexes, err := m.migrations.Dialect.Indexes(m.reader(), tableOf(stmt))
	if err != nil {
		return false, err
	}
	i := slices.IndexFunc(indexes, func(found dialect.Index) bool { return sameKey(index, &found) })
	if i < 0 {
		return false, nil
	}
	r, err := m.referrer(stmt, indexes[i].Columns())
	if r != nil {
		recorderOf(m.db).note(fmt.Sprintf("-- %s of %s stays unique over all rows: a foreign key of %s (%s) refers to it",
			indexes[i].Name, stmt.Table, r.Table, strings.Join(r.Columns, ", ")))
	}
	return r != nil, err
}

// dropFormer takes away what is unique over all rows under another name than that of the index over the live rows.
func (m *migrator) dropFormer(values []any) error {
	if !m.narrowsIndexes() || m.db.DryRun {
		return nil
	}
	for _, value := range m.withDependencies(values) {
		p, err := m.policy(value)
		if err != nil {
			return err
		}
		if p == nil || p.Column() == nil || m.migrations.KeepUnique {
			continue
		}
		stmt, err := m.statement(value)
		if err != nil {
			return err
		}
		if err := m.dropFormerOf(value, stmt, p); err != nil {
			return err
		}
	}
	return nil
}

func (m *migrator) dropFormerOf(value any, stmt *gorm.Statement, p *policy.Policy) error {
	declared := stmt.Schema.ParseIndexes()
	if !slices.ContainsFunc(declared, func(index *schema.Index) bool { return narrows(p, index) }) {
		return nil
	}
	needed := map[string]bool{} // by foreign keys
	for {
		indexes, err := m.migrations.Dialect.Indexes(m.reader(), tableOf(stmt))
		if err != nil {
			return err
		}
		i := slices.IndexFunc(indexes, func(found dialect.Index) bool {
			return !needed[found.Name] && m.isFormer(stmt, p, declared, indexes, &found)
		})
		if i < 0 {
			return nil
		}
		found := &indexes[i]
		r, err := m.referrer(stmt, found.Columns())
		if err != nil {
			return err
		}
		if needed[found.Name] = r != nil; r != nil {
			continue
		}
		if err := m.dropFound(value, stmt, found); err != nil {
			return err
		}
		recorderOf(m.db).notes(stmt.Table, found.Name, false)
	}
}

// isFormer tells whether an index of a table is over all rows where a declared one is over the live rows, and can go.
func (m *migrator) isFormer(stmt *gorm.Statement, p *policy.Policy, declared []*schema.Index, indexes []dialect.Index, found *dialect.Index) bool {
	r := recorderOf(m.db)
	if there, known := r.index(stmt.Table, found.Name); known && !there ||
		slices.ContainsFunc(declared, func(other *schema.Index) bool { return other.Name == found.Name }) ||
		slices.ContainsFunc(p.Whole, func(whole *policy.UniqueIndex) bool { return dialect.SameSet(whole.Columns(), found.Columns()) }) {
		return false
	}
	return slices.ContainsFunc(declared, func(index *schema.Index) bool {
		if !narrows(p, index) || !sameKey(index, found) {
			return false
		}
		there := func(other dialect.Index) bool { return other.Name == index.Name && declares(p, index, &other) }
		made, _ := r.index(stmt.Table, index.Name)
		// Where all is one transaction, the other may come afterwards.
		return !m.migrations.Dialect.Has(dialect.AlterInPlace) || slices.ContainsFunc(indexes, there) || made
	})
}

// dropFound drops an index of the database, with its constraint if it has one.
func (m *migrator) dropFound(value any, stmt *gorm.Statement, found *dialect.Index) error {
	session := m.db.Session(&gorm.Session{NewDB: true})
	exec := func(parts ...string) error { return session.Exec(strings.Join(parts, "")).Error }
	quoted := statement.QuoteName(m.db, found.Name)
	switch {
	case !found.Constraint && m.migrations.Dialect.Has(dialect.AlterInPlace):
		return exec(m.migrations.Dialect.DropIndex(tableOf(stmt), quoted))
	case !found.Constraint:
		return exec("DROP INDEX ", quoted)
	case m.migrations.Dialect.Has(dialect.AlterInPlace):
		return exec("ALTER TABLE ", tableOf(stmt).Quoted, " DROP CONSTRAINT ", quoted)
	}
	return m.rebuild(value, "", func(gorm.Migrator) error {
		changed, err := m.migrations.Dialect.WithoutUnique(session, stmt.Table, found.Columns())
		if err == nil && !changed {
			err = fmt.Errorf("%w: table %s has a UNIQUE constraint on (%s) over all rows, which cannot be taken out of its definition; make the "+
				"table anew without it, or tag a field of it full", fault.ErrUnsupported, stmt.Table, strings.Join(found.Columns(), ", "))
		}
		return err
	})
}
