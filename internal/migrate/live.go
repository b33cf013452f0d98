package migrate

import (
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is for databases whose indexes cannot have a condition, and whose changes of tables no transaction undoes. A unique index
// over the live rows ends there with a column that the database computes. Each statement leaves a state that is right: the index over
// all rows holds until the same statement ends it and makes that over the live ones, and the next migration goes on where one stopped.

// ensureLive gives a table the column that tells live rows, computed by the policy's condition.
func (m *migrator) ensureLive(stmt *gorm.Statement, p *policy.Policy) error {
	d, table := m.migrations.Dialect, tableOf(stmt)
	r, made := recorderOf(m.db), "live "+stmt.Table
	if r != nil && r.made[made] {
		return nil
	}
	written := p.Predicates.Live.Of("")
	condition, there, err := d.LiveCondition(m.reader(), table)
	if err != nil || there && dialect.SameCondition(condition, written) {
		return err
	}
	if there && condition == "" {
		return fmt.Errorf("%w: %s: table %s has a column %s that tells no live rows; name it otherwise", fault.ErrPolicy, p.Schema.Name, stmt.Table, dialect.LiveColumn)
	}
	if r != nil {
		r.made[made] = true
	}
	return m.refusedIn(stmt, m.alter(d.AddLive(table, written, there)))
}

// livesAnew tells whether an index has become the declared one with the column that it ends with, which a rehearsal has only noted.
func (m *migrator) livesAnew(stmt *gorm.Statement, p *policy.Policy, index *schema.Index, found *dialect.Index) bool {
	r := recorderOf(m.db)
	return r != nil && r.made["live "+stmt.Table] && found.Unique && found.Where != "" && liveKey(p, index) && sameColumns(index, found)
}

// exchange makes a unique index as it is declared, in one statement with the end of that of its name.
func (m *migrator) exchange(value any, stmt *gorm.Statement, index *schema.Index, replaces bool) error {
	p, err := m.policy(value)
	if err != nil {
		return err
	}
	indexes, replaced := []*schema.Index{index}, map[string]bool{index.Name: replaces}
	if migrating, _ := m.db.Statement.Context.Value(migratingKey{}).(bool); migrating && liveKey(p, index) {
		// The table is read once for all that are to be made.
		others, err := m.othersToNarrow(value, stmt, p, index, replaced)
		if err != nil {
			return err
		}
		indexes = append(indexes, others...)
	}
	err = m.exchangeAll(stmt, p, indexes, replaced)
	if m.migrations.Dialect.Violation(err).Kind == dialect.UniqueIndex { // somebody wrote one meanwhile
		for _, made := range indexes {
			if found := m.refuseDuplicates(value, stmt, made); found != nil {
				return found
			}
		}
	}
	return m.refusedIn(stmt, err)
}

// othersToNarrow lists the indexes of a table over the live rows that a migration has yet to make, beside one, and notes which of them
// replace another.
func (m *migrator) othersToNarrow(value any, stmt *gorm.Statement, p *policy.Policy, index *schema.Index, replaced map[string]bool) (list []*schema.Index, err error) {
	for _, other := range stmt.Schema.ParseIndexes() {
		if other.Name == index.Name || !liveKey(p, other) || m.HasIndex(value, other.Name) {
			continue
		}
		if complete, err := m.hasColumns(value, stmt, other); err != nil {
			return nil, err
		} else if !complete {
			continue
		}
		found, err := m.migrations.Dialect.FindIndex(m.reader(), tableOf(stmt), other.Name)
		if err != nil {
			return nil, err
		}
		recorderOf(m.db).notes(stmt.Table, other.Name, true)
		list, replaced[other.Name] = append(list, other), found != nil
	}
	return list, nil
}

// migratingKey marks, in the context, a migration of whole tables.
type migratingKey struct{}

func (m *migrator) exchangeAll(stmt *gorm.Statement, p *policy.Policy, indexes []*schema.Index, replaces map[string]bool) error {
	d := m.migrations.Dialect
	keys, parts := make([]dialect.UniqueKey, len(indexes)), make([]any, len(indexes))
	for i, index := range indexes {
		keys[i] = dialect.UniqueKey{Name: statement.QuoteName(m.db, index.Name), Replaces: replaces[index.Name], Options: index.Option}
		if index.Comment != "" {
			keys[i].Options += " COMMENT " + d.String(index.Comment)
		}
		options := m.BuildIndexOptions(index.Fields, stmt)
		if keys[i].Narrow = index.Where != ""; keys[i].Narrow {
			if err := m.ensureLive(stmt, p); err != nil {
				return err
			}
			options = append(options, clause.Expr{SQL: d.LivePart()})
		}
		parts[i] = options
	}
	return m.alter(d.ExchangeKeys(tableOf(stmt), keys), parts...)
}

// alter changes a table while others write it, and without them where the database cannot do that.
func (m *migrator) alter(text string, parts ...any) error {
	session := m.db.Session(&gorm.Session{NewDB: true})
	err := session.Exec(text, parts...).Error
	if again, ok := m.migrations.Dialect.AnyWay(text, err); ok {
		err = session.Exec(again, parts...).Error
	}
	return err
}

// narrowNew narrows the indexes of a table that GORM has made with them over all rows.
func (m *migrator) narrowNew(value any, p *policy.Policy) error {
	if !m.migrations.Dialect.Has(dialect.GeneratedLive) || p.Column() == nil {
		return nil
	}
	stmt, err := m.statement(value)
	if err != nil {
		return err
	}
	indexes := slices.DeleteFunc(stmt.Schema.ParseIndexes(), func(index *schema.Index) bool { return !liveKey(p, index) })
	if len(indexes) == 0 {
		return nil
	}
	replaces := map[string]bool{}
	for _, index := range indexes {
		replaces[index.Name] = true
		recorderOf(m.db).notes(stmt.Table, index.Name, true)
	}
	return m.refusedIn(stmt, m.exchangeAll(stmt, p, indexes, replaces))
}

// liveKey tells whether an index is unique over the live rows.
func liveKey(p *policy.Policy, index *schema.Index) bool {
	return index.Class == "UNIQUE" && index.Where != "" && index.Where == p.Predicates.Live.Of("")
}

// refusedIn is what a table refused, without values of its rows.
func (m *migrator) refusedIn(stmt *gorm.Statement, err error) error {
	d := m.migrations.Dialect
	if err == nil || d.GaveUp(err) {
		return err
	}
	if code, bare := d.WithoutRows(err); code != "" && d.Violation(err).Kind != dialect.NoConstraint {
		return fmt.Errorf("softdelete: table %s cannot be changed, its rows are against it (%s): %w", stmt.Table, code, bare)
	}
	return err
}

// leavesUnique tells whether GORM is to leave alone what is unique over a column: it would drop every unique index of a single column that
// it does not know (driver/mysql/migrator.go:60, GORM 1.31) before the one over live rows is there, and make that before all its columns are.
func (m *migrator) leavesUnique(value any, p *policy.Policy, field *schema.Field) (bool, error) {
	if p == nil || p.Column() == nil || !m.migrations.Dialect.Has(dialect.GeneratedLive) {
		return false, nil
	}
	stmt, err := m.statement(value)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(stmt.Schema.ParseIndexes(), func(index *schema.Index) bool {
		return liveKey(p, index) && len(index.Fields) == 1 && index.Fields[0].Field == field
	}), nil
}

// refuseUnbuildable refuses, before anything is changed, unique indexes that the database cannot have, and states that it does not tell
// apart.
func (m *migrator) refuseUnbuildable(values []any) error {
	if !m.migrations.Dialect.Has(dialect.GeneratedLive) {
		return nil
	}
	for _, value := range m.withDependencies(values) {
		p, err := m.policy(value)
		if err != nil {
			return err
		}
		if p == nil || p.Column() == nil {
			continue
		}
		stmt, err := m.statement(value)
		if err != nil {
			return err
		}
		for _, index := range stmt.Schema.ParseIndexes() {
			if err := m.refuseUnbuildableIndex(p, index); err != nil {
				return err
			}
		}
		if err := m.refuseAlikeStates(stmt, p); err != nil {
			return err
		}
	}
	return nil
}

func (m *migrator) refuseUnbuildableIndex(p *policy.Policy, index *schema.Index) error {
	switch {
	case index.Class != "UNIQUE" || index.Where == "":
		return nil
	case !liveKey(p, index):
		return fmt.Errorf("%w: %s: the unique index %s has a condition of its own (%s), which the database does not have; take where out of its tag, so that "+
			"it is over the live rows", fault.ErrUnsupported, p.Schema.Name, index.Name, index.Where)
	}
	d, size := m.migrations.Dialect, 0
	for _, option := range index.Fields {
		if option.Expression != "" {
			continue
		}
		kind := m.db.Migrator().(interface {
			FullDataTypeOf(field *schema.Field) clause.Expr
		}).FullDataTypeOf(option.Field).SQL
		bytes, ok := d.KeySize(kind, option.Length)
		if !ok {
			return fmt.Errorf(`%w: %s.%s: the unique index %s cannot be on a column of type %s, which has no length; give the field one, as by gorm:"size:191"`,
				fault.ErrPolicy, p.Schema.Name, option.Field.Name, index.Name, strings.Fields(kind)[0])
		}
		size += bytes
	}
	if most := d.LongestKey(); size > most {
		return fmt.Errorf("%w: %s: the unique index %s takes %d bytes of an index, of which the live rows leave %d; give a text of it a smaller size, or "+
			"the index a length of it", fault.ErrPolicy, p.Schema.Name, index.Name, size, most)
	}
	return nil
}

// refuseAlikeStates refuses a status whose deleted value is the same to the column as one that is not deleted.
func (m *migrator) refuseAlikeStates(stmt *gorm.Statement, p *policy.Policy) error {
	deleted, others := p.States()
	if deleted == "" {
		return nil
	}
	field := p.Column()
	collations, err := m.migrations.Dialect.Collations(m.reader(), tableOf(stmt), []string{field.DBName})
	if err != nil {
		return err
	}
	collation, there := collations[field.DBName]
	if !there {
		kind := m.db.Migrator().(interface {
			FullDataTypeOf(field *schema.Field) clause.Expr
		}).FullDataTypeOf(field).SQL
		collation.Name = m.migrations.Dialect.CollationIn(kind)
	}
	for _, other := range others {
		alike, err := m.migrations.Dialect.Alike(m.reader(), deleted, other, collation)
		if err != nil {
			return err
		}
		if alike {
			return fmt.Errorf("%w: %s.%s: the values %s and %s are the same to the column, whose collation tells neither case nor accents; name one "+
				"otherwise, or give the column a collation that does, as COLLATE utf8mb4_bin behind its type", fault.ErrPolicy, p.Schema.Name, field.Name, deleted, other)
		}
	}
	return nil
}
