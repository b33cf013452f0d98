package softdelete

import (
	"context"
	"fmt"
	"slices"

	"gorm.io/gorm"
	gormmigrator "gorm.io/gorm/migrator"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// migrator makes AutoMigrate build the indexes that the policies ask for, and rebuild those that an earlier migration made
// over all rows. GORM's own migrator comes back through it for every step.
type migrator struct {
	gorm.Migrator
	db     *gorm.DB
	engine *engine
}

// BuildIndexOptions implements migrator.BuildIndexOptionsInterface, which GORM asks for by type assertion
// (migrator/migrator.go:841, GORM 1.31).
func (m *migrator) BuildIndexOptions(options []schema.IndexOption, stmt *gorm.Statement) []any {
	if builder, ok := m.Migrator.(gormmigrator.BuildIndexOptionsInterface); ok {
		return builder.BuildIndexOptions(options, stmt)
	}
	return nil
}

// AutoMigrate implements gorm.Migrator. Wrong tags stop it before anything is changed.
func (m *migrator) AutoMigrate(values ...any) error {
	for _, value := range values {
		if _, err := m.policy(value); err != nil {
			return err
		}
	}
	return m.Migrator.AutoMigrate(values...)
}

// CreateTable implements gorm.Migrator.
func (m *migrator) CreateTable(values ...any) error {
	for _, value := range values {
		if _, err := m.policy(value); err != nil {
			return err
		}
	}
	return m.Migrator.CreateTable(values...)
}

// policy gives the policy of a value to migrate, nil where it is a table's name. It narrows the schema's indexes, that of a
// table given by db.Table too.
func (m *migrator) policy(value any) (*policy, error) {
	if _, isName := value.(string); isName {
		return nil, nil
	}
	stmt, err := m.statement(value)
	if err != nil {
		return nil, err
	}
	p := m.engine.policy(m.db, stmt.Schema)
	return p, p.err
}

// statement parses a value as GORM's migrator does (migrator/migrator.go:58, GORM 1.31).
func (m *migrator) statement(value any) (*gorm.Statement, error) {
	stmt := &gorm.Statement{DB: m.db}
	if m.db.Statement != nil {
		stmt.Table = m.db.Statement.Table
		stmt.TableExpr = m.db.Statement.TableExpr
	}
	return stmt, stmt.ParseWithSpecialTableName(value, stmt.Table)
}

// index gives the declared index of a name, with the table that it belongs on; ok is false for a name that the model's
// policy says nothing about.
func (m *migrator) index(value any, name string) (stmt *gorm.Statement, index *schema.Index, ok bool, err error) {
	p, err := m.policy(value)
	if p == nil || err != nil {
		return nil, nil, false, err
	}
	if _, marks := p.marker(); !marks || !m.engine.dialect.Has(dialect.PartialIndexes) {
		return nil, nil, false, nil
	}
	if stmt, err = m.statement(value); err != nil {
		return nil, nil, false, err
	}
	index = stmt.Schema.LookIndex(name)
	return stmt, index, index != nil, nil
}

// HasIndex implements gorm.Migrator: it tells whether the table has the index as the model declares it. One over other rows
// counts as missing; CreateIndex then replaces it.
func (m *migrator) HasIndex(value any, name string) bool {
	stmt, index, ok, err := m.index(value, name)
	if err != nil {
		_ = m.db.AddError(err)
		return false
	}
	if !ok {
		return m.Migrator.HasIndex(value, name)
	}
	if r := recorderOf(m.db); r != nil && r.made[index.Name] {
		return true
	}
	found, err := m.found(stmt.Table, index.Name)
	if err != nil {
		_ = m.db.AddError(err)
		return false
	}
	return found != nil && found.Matches(index.Class == "UNIQUE", index.Where)
}

// found is the index of a name on a table, as the database has it, or as a rehearsed migration would have left it.
func (m *migrator) found(table, name string) (*dialect.Index, error) {
	if r := recorderOf(m.db); r != nil && r.dropped[table] {
		return nil, nil
	}
	return m.engine.dialect.FindIndex(m.reader(), table, name)
}

// reader is a session that reads even while a migration is only rehearsed.
func (m *migrator) reader() *gorm.DB {
	tx := inWork(m.db, context.WithoutCancel(m.db.Statement.Context))
	tx.Config.DryRun = false
	return tx
}

// CreateIndex implements gorm.Migrator. It refuses a name that another table's index has, and live duplicates, before it
// changes anything; an index over other rows is replaced so that uniqueness holds throughout.
func (m *migrator) CreateIndex(value any, name string) error {
	stmt, index, ok, err := m.index(value, name)
	if err != nil || !ok {
		if err == nil {
			err = m.Migrator.CreateIndex(value, name)
		}
		return err
	}
	owner, err := m.engine.dialect.IndexOwner(m.reader(), stmt.Table, index.Name)
	if err != nil {
		return err
	}
	if owner != "" {
		return fmt.Errorf("softdelete: index %s of %s: the table %s has an index of this name; name one of them otherwise",
			index.Name, stmt.Table, owner)
	}
	if err := m.refuseDuplicates(stmt, index); err != nil {
		return err
	}
	if r := recorderOf(m.db); r != nil {
		r.made[index.Name] = true
	}
	found, err := m.found(stmt.Table, index.Name)
	if err != nil || found == nil {
		if err == nil {
			err = m.Migrator.CreateIndex(value, name)
		}
		return err
	}
	return m.replace(value, index.Name)
}

// replace builds the index anew in one transaction.
func (m *migrator) replace(value any, name string) error {
	return m.db.Session(&gorm.Session{}).Transaction(func(tx *gorm.DB) error {
		inner := m.engine.innerMigrator(tx)
		if !m.engine.dialect.Has(dialect.RenameIndex) {
			if err := inner.DropIndex(value, name); err != nil {
				return err
			}
			return inner.CreateIndex(value, name)
		}
		// The old index stands until the new one is built: readers go on meanwhile, and writers of duplicates are refused.
		former := shortName(name, "_former")
		if err := inner.RenameIndex(value, name, former); err != nil {
			return err
		}
		if err := inner.CreateIndex(value, name); err != nil {
			return err
		}
		return inner.DropIndex(value, former)
	})
}

// shortName makes a name with a suffix that no database finds too long.
func shortName(name, suffix string) string {
	const longest = 60
	if len(name)+len(suffix) > longest {
		name = name[:longest-len(suffix)]
	}
	return name + suffix
}

// innerMigrator is the database's own migrator on a session.
func (e *engine) innerMigrator(db *gorm.DB) gorm.Migrator {
	if wrapped, ok := db.Dialector.(interface{ Unwrap() gorm.Dialector }); ok {
		return wrapped.Unwrap().Migrator(db)
	}
	return db.Migrator()
}

// refuseDuplicates finds live rows that have the same values in the columns of a unique index.
func (m *migrator) refuseDuplicates(stmt *gorm.Statement, index *schema.Index) error {
	expression := slices.ContainsFunc(index.Fields, func(o schema.IndexOption) bool { return o.Expression != "" })
	// In DDL the table may not be there yet.
	if index.Class != "UNIQUE" || expression || len(stmt.Schema.PrimaryFields) == 0 || !m.Migrator.HasTable(stmt.Table) {
		return nil
	}
	fields := make([]*schema.Field, len(index.Fields))
	columns := make([]string, len(index.Fields))
	for i, option := range index.Fields {
		fields[i], columns[i] = option.Field, option.Field.DBName
	}
	where := func(q *query) {
		q.text(" WHERE ")
		if index.Where != "" {
			q.text("(", index.Where, ") AND ")
		}
		joined(q, fields, " AND ", func(field *schema.Field) { q.name(field.DBName).text(" IS NOT NULL") })
	}
	q := newQuery(m.reader(), m.engine.dialect).text("SELECT ").columns("", stmt.Schema.PrimaryFields).text(" FROM ").name(stmt.Table)
	where(q)
	q.text(" AND ").key("", fields).text(" IN (SELECT ").columns("", fields).text(" FROM ").name(stmt.Table)
	where(q)
	q.text(" GROUP BY ").columns("", fields).text(" HAVING count(*) > 1) ORDER BY ").columns("", fields).text(", ").columns("", stmt.Schema.PrimaryFields)
	q.text(" LIMIT ", fmt.Sprint(mostKeys))
	keys, err := q.keys(stmt.Schema.PrimaryFields)
	if err != nil || len(keys) == 0 {
		return err
	}
	return &ConflictError{Index: index.Name, Columns: columns, LiveKeys: keys, building: true}
}

// MigrateColumnUnique implements gorm.Migrator. Where `gorm:"unique"` became an index, the constraint that an earlier
// migration made goes in the transaction that builds the index.
func (m *migrator) MigrateColumnUnique(value any, field *schema.Field, columnType gorm.ColumnType) error {
	p, err := m.policy(value)
	if err != nil {
		return err
	}
	unique, known := columnType.Unique()
	if p == nil || !known || !unique || field.PrimaryKey || p.wasUnique[field.DBName] == "" {
		return m.Migrator.MigrateColumnUnique(value, field, columnType)
	}
	stmt, err := m.statement(value)
	if err != nil {
		return err
	}
	constraint := m.db.NamingStrategy.UniqueName(stmt.Table, field.DBName)
	index := p.wasUnique[field.DBName]
	build := func(tx *gorm.DB) error {
		if tx.Migrator().HasIndex(value, index) {
			return nil
		}
		return tx.Migrator().CreateIndex(value, index)
	}
	drop := func(tx *gorm.DB) error {
		inner := m.engine.innerMigrator(tx)
		if !inner.HasConstraint(value, constraint) {
			return nil
		}
		return inner.DropConstraint(value, constraint)
	}
	if !m.engine.dialect.Has(dialect.DropConstraint) {
		build, drop = drop, build
	}
	return m.db.Session(&gorm.Session{}).Transaction(func(tx *gorm.DB) error {
		if err := build(tx); err != nil {
			return err
		}
		return drop(tx)
	})
}
