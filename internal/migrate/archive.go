package migrate

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/archive"
	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// archiveKey marks, in the context, the comparison of an archive table's columns with the model's.
type archiveKey struct{}

// migrateArchives makes the archive tables of the models, and of those that GORM migrates with them, fit the models.
func (m *migrator) migrateArchives(values []any) error {
	all := values
	if inner, ok := m.Migrator.(interface {
		ReorderModels(values []any, autoAdd bool) []any
	}); ok {
		all = inner.ReorderModels(values, true)
	}
	policies := make([]*policy.Policy, len(all)) // of all of them, before a look at what stands above one
	for i, value := range all {
		p, err := m.policy(value)
		if err != nil {
			return err
		}
		policies[i] = p
	}
	for i, value := range all {
		p := policies[i]
		if p == nil {
			continue
		}
		if err := m.migrateArchive(value, p); err != nil {
			return fmt.Errorf("softdelete: the archive table %s: %w", p.DeletedTable(), err)
		}
	}
	return nil
}

func (m *migrator) migrateArchive(value any, p *policy.Policy) error {
	s, ok := p.Archive()
	if !ok {
		return nil
	}
	r := recorderOf(m.db)
	if r != nil && r.made[s.Table] {
		return nil
	}
	table, err := archive.TableColumns(m.migrations.Session(m.reader()), p.Table)
	if err != nil {
		return err
	}
	if !m.Migrator.HasTable(s.Table) {
		err = m.createArchive(p, s, table)
	} else {
		err = m.alterArchive(value, p, s, table)
	}
	if err != nil {
		return err
	}
	if r != nil {
		r.made[s.Table] = true
	}
	m.migrations.Columns.Forget(p)
	return m.indexArchive(p, s)
}

// archived is a model's column as its archive keeps it: of the same type, without any constraint, for the archive takes what
// the table had, and keeps it when the model changes.
func archived(field *schema.Field) *schema.Field {
	copied := *field
	copied.NotNull, copied.Unique, copied.PrimaryKey = false, false, false
	copied.AutoIncrement, copied.AutoIncrementIncrement = false, 0
	copied.HasDefaultValue, copied.DefaultValue, copied.DefaultValueInterface = false, "", nil
	copied.Comment, copied.UniqueIndex = "", ""
	copied.TagSettings = maps.Clone(field.TagSettings)
	for _, setting := range []string{"AUTOINCREMENT", "PRIMARYKEY", "PRIMARY_KEY", "NOT NULL", "NOTNULL", "UNIQUE", "DEFAULT", "COMMENT"} {
		delete(copied.TagSettings, setting)
	}
	if integer, ok := serials[strings.ToLower(string(copied.DataType))]; ok {
		copied.DataType = integer
	}
	return &copied
}

// serials are types that stand for an integer with a default and NOT NULL.
var serials = map[string]schema.DataType{"smallserial": "smallint", "serial": "integer", "bigserial": "bigint"}

// archivedType is the type of a model's column in its archive, or of one that the archive has for itself.
func (m *migrator) archivedType(p *policy.Policy, field *schema.Field) string {
	if s, ok := p.Archive(); ok && !slices.Contains(s.Columns, field) {
		if kind := m.migrations.Dialect.OwnType(string(field.DataType), field.Size, field == p.ID); kind != "" {
			return kind
		}
	}
	return strings.TrimSpace(m.Migrator.FullDataTypeOf(m.archived(field)).SQL)
}

// archived is archived, of the type that the table's column has: a text's may depend on what the archive leaves out.
func (m *migrator) archived(field *schema.Field) *schema.Field {
	copied := archived(field)
	if field.DataType == schema.String {
		counted := *field
		copied.DataType = schema.DataType(m.db.Dialector.DataTypeOf(&counted))
	}
	return copied
}

func (m *migrator) exec(format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	_, err := m.migrations.Session(m.db.Session(&gorm.Session{NewDB: true})).Query().Text(text).Exec()
	return err
}

// strangers are the columns of a model's table that the model has no field for, and that move all the same.
func (m *migrator) strangers(p *policy.Policy, s policy.ArchiveStrategy, table []dialect.Column) (list []dialect.Column, err error) {
	own := make([]dialect.Column, len(s.Columns))
	for i, field := range s.Columns {
		own[i].Name = field.DBName
	}
	for _, column := range table {
		if column.Generated || s.Shares(column.Name) || m.migrations.Dialect.FindColumn(own, column.Name) != nil {
			continue
		}
		if policy.OwnColumn(column.Name) {
			return nil, archive.OwnName(p, column.Name)
		}
		list = append(list, column)
	}
	return list, nil
}

func (m *migrator) createArchive(p *policy.Policy, s policy.ArchiveStrategy, table []dialect.Column) error {
	strangers, err := m.strangers(p, s, table)
	if err != nil {
		return err
	}
	collations, err := m.collations(p.Table, table)
	if err != nil {
		return err
	}
	columns := []string{statement.QuoteName(m.db, policy.ArchiveIDColumn) + " " + m.migrations.Dialect.Numbered()}
	for _, field := range slices.Concat(s.Columns, p.MarkFields()) {
		kind := m.archivedType(p, field)
		if found := m.migrations.Dialect.FindColumn(table, field.DBName); found != nil {
			if !m.migrations.Dialect.Holds(kind, found.Type) {
				kind = found.Type // the table's column was made otherwise
			}
			kind = collations[found.Name].Collated(kind)
		}
		columns = append(columns, statement.QuoteName(m.db, field.DBName)+" "+kind)
	}
	for _, column := range strangers {
		columns = append(columns, statement.QuoteName(m.db, column.Name)+" "+collations[column.Name].Collated(column.Type))
	}
	return m.exec("CREATE TABLE %s (%s)", statement.QuoteName(m.db, s.Table), strings.Join(columns, ","))
}

// collations are those of a table's columns: what the table takes for the same key, its archive must too.
func (m *migrator) collations(table string, columns []dialect.Column) (map[string]dialect.Collation, error) {
	if len(columns) == 0 {
		return nil, nil
	}
	names := make([]string, len(columns))
	for i, column := range columns {
		names[i] = column.Name
	}
	return m.migrations.Dialect.Collations(m.reader(), dialect.Table{Name: table, Quoted: statement.QuoteName(m.db, table)}, names)
}

// alterArchive adds the columns that the model and its table have gained, and widens those whose type differs. It drops
// none.
func (m *migrator) alterArchive(value any, p *policy.Policy, s policy.ArchiveStrategy, table []dialect.Column) error {
	strangers, err := m.strangers(p, s, table)
	if err != nil {
		return err
	}
	there, err := archive.TableColumns(m.migrations.Session(m.reader()), s.Table)
	if err != nil {
		return err
	}
	if err := m.numberArchive(p, s, there); err != nil {
		return err
	}
	types, err := columnTypes(m.reader(), s.Table)
	if err != nil {
		return err
	}
	session := m.db.Session(&gorm.Session{NewDB: true, Context: context.WithValue(m.db.Statement.Context, archiveKey{}, p)})
	for _, field := range slices.Concat(s.Columns, p.MarkFields()) {
		i := slices.IndexFunc(types, func(t gorm.ColumnType) bool { return t.Name() == field.DBName })
		if i < 0 {
			err = m.addArchived(p, s, field)
		} else if slices.Contains(s.Columns, field) {
			// GORM compares, and calls AlterColumn where the types differ.
			err = innerMigrator(session).MigrateColumn(value, m.archived(field), types[i])
		}
		if err != nil {
			return err
		}
	}
	return m.followTable(p, s, table, there, strangers)
}

// followTable does the same for what is in the table but not in the model: columns that it has no field for, and types that
// GORM takes for the model's. archive are the columns before the model's were compared.
func (m *migrator) followTable(p *policy.Policy, s policy.ArchiveStrategy, table, there, strangers []dialect.Column) error {
	for _, column := range strangers {
		if m.migrations.Dialect.FindColumn(there, column.Name) != nil {
			continue
		}
		if err := m.exec("ALTER TABLE %s ADD %s %s", statement.QuoteName(m.db, s.Table), statement.QuoteName(m.db, column.Name), column.Type); err != nil {
			return err
		}
	}
	if recorderOf(m.db) == nil {
		now, err := archive.TableColumns(m.migrations.Session(m.reader()), s.Table)
		if err != nil {
			return err
		}
		there = now
	}
	own, err := m.collations(p.Table, table)
	if err != nil {
		return err
	}
	others, err := m.collations(s.Table, there)
	if err != nil {
		return err
	}
	for _, column := range table {
		kept := m.migrations.Dialect.FindColumn(there, column.Name)
		if column.Generated || kept == nil {
			continue
		}
		kind := kept.Type
		if !m.migrations.Dialect.Holds(kind, column.Type) {
			kind = column.Type
		}
		if kind == kept.Type && own[column.Name].Name == others[kept.Name].Name {
			continue
		}
		if err := m.retype(p, s, *kept, own[column.Name].Collated(kind)); err != nil {
			return err
		}
	}
	return nil
}

// addArchived adds a column that the model has gained. Rows archived before get its default, as the live ones do.
func (m *migrator) addArchived(p *policy.Policy, s policy.ArchiveStrategy, field *schema.Field) error {
	table, column := statement.QuoteName(m.db, s.Table), statement.QuoteName(m.db, field.DBName)
	if err := m.exec("ALTER TABLE %s ADD %s %s", table, column, m.archivedType(p, field)); err != nil {
		return err
	}
	value := field.DefaultValue
	switch {
	case !field.HasDefaultValue || field.AutoIncrement:
		return nil
	case field.DefaultValueInterface != nil:
		bound := &gorm.Statement{DB: m.db, Vars: []any{field.DefaultValueInterface}}
		m.db.Dialector.BindVarTo(bound, bound, field.DefaultValueInterface)
		value = m.db.Dialector.Explain(bound.SQL.String(), field.DefaultValueInterface)
		if text, ok := field.DefaultValueInterface.(string); ok {
			value = m.migrations.Dialect.String(text)
		}
	case value == "" || value == "(-)":
		return nil
	}
	return m.exec("UPDATE %s SET %s = %s", table, column, value)
}

// alterArchived fits a column of an archive table to the model's, where GORM finds that they differ.
func (m *migrator) alterArchived(p *policy.Policy, field *schema.Field) error {
	s, _ := p.Archive()
	there, err := archive.TableColumns(m.migrations.Session(m.reader()), s.Table)
	if err != nil {
		return err
	}
	kind, kept := m.archivedType(p, field), m.migrations.Dialect.FindColumn(there, field.DBName)
	if kept == nil || m.migrations.Dialect.Holds(kept.Type, kind) {
		return nil // as wide already: what it keeps must not be cut
	}
	return m.retype(p, s, *kept, kind)
}

// retype gives a column of an archive table another type, which must keep what the column has.
func (m *migrator) retype(p *policy.Policy, s policy.ArchiveStrategy, kept dialect.Column, kind string) error {
	if !m.migrations.Dialect.Widens(kind, kept.Type) {
		return fmt.Errorf("%w: column %s of the archive %s of %s is of type %s, the table's of type %s, and neither keeps all values of the other; "+
			"alter the archive's by hand", fault.ErrUnsupported, kept.Name, s.Table, p.Schema.Name, kept.Type, kind)
	}
	table, column := statement.QuoteName(m.db, s.Table), statement.QuoteName(m.db, kept.Name)
	if m.migrations.Dialect.Has(dialect.AlterInPlace) {
		return m.exec("%s", m.migrations.Dialect.RetypeColumn(table, column, kind))
	}
	// The column is made anew beside the former one; the indexes on it come back afterwards.
	former := statement.QuoteName(m.db, dialect.ShortName(kept.Name, "_former"))
	return statement.Work(m.db, func(tx *gorm.DB) error {
		inner := &migrator{Migrator: innerMigrator(tx), db: tx, migrations: m.migrations}
		for _, index := range m.archiveIndexes(p, s) {
			if err := inner.exec("DROP INDEX IF EXISTS %s", statement.QuoteName(tx, index.name)); err != nil {
				return err
			}
		}
		for _, text := range []string{
			"ALTER TABLE " + table + " RENAME COLUMN " + column + " TO " + former,
			"ALTER TABLE " + table + " ADD " + column + " " + kind,
			"UPDATE " + table + " SET " + column + " = " + former,
			"ALTER TABLE " + table + " DROP COLUMN " + former,
		} {
			if err := inner.exec("%s", text); err != nil {
				return err
			}
		}
		return nil
	})
}

// archiveIndex is an index of an archive table.
type archiveIndex struct {
	name   string
	fields []*schema.Field
}

// archiveIndexes are those by which deletions, restores and purges find archived rows.
func (m *migrator) archiveIndexes(p *policy.Policy, s policy.ArchiveStrategy) []archiveIndex {
	// The deletion alone comes last: where nothing is known of the table yet, some databases take the index that was made first.
	lists := [][]*schema.Field{append(slices.Clone(p.Schema.PrimaryFields), p.ID)}
	for _, parents := range p.ArchivedUnder() {
		lists = append(lists, append(parents, p.ID))
	}
	if clock := p.RetentionClock(); clock != nil {
		lists = append(lists, []*schema.Field{clock})
	}
	lists = append(lists, []*schema.Field{p.ID})
	var indexes []archiveIndex
	for _, fields := range lists {
		columns := make([]string, len(fields))
		for i, field := range fields {
			columns[i] = field.DBName
		}
		name := dialect.ShortName(m.db.NamingStrategy.IndexName(s.Table, strings.Join(columns, "_")), "")
		indexes = append(indexes, archiveIndex{name: strings.ReplaceAll(name, ".", "_"), fields: fields})
	}
	return indexes
}

func (m *migrator) indexArchive(p *policy.Policy, s policy.ArchiveStrategy) error {
	for _, index := range m.archiveIndexes(p, s) {
		table := dialect.Table{Name: s.Table, Quoted: statement.QuoteName(m.db, s.Table)}
		found, err := m.migrations.Dialect.FindIndex(m.reader(), table, index.name)
		if err != nil {
			return err
		}
		if found != nil {
			continue
		}
		there, err := archive.TableColumns(m.migrations.Session(m.reader()), s.Table)
		if err != nil {
			return err
		}
		columns := make([]string, len(index.fields))
		for i, field := range index.fields {
			kind := m.archivedType(p, field)
			if column := m.migrations.Dialect.FindColumn(there, field.DBName); column != nil {
				kind = column.Type
			}
			columns[i] = m.migrations.Dialect.IndexPart(statement.QuoteName(m.db, field.DBName), kind)
		}
		if err := m.exec("CREATE INDEX %s ON %s (%s)", statement.QuoteName(m.db, index.name), statement.QuoteName(m.db, s.Table), strings.Join(columns, ",")); err != nil {
			return err
		}
	}
	return nil
}
