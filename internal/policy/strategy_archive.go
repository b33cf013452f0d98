package policy

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// ArchiveStrategy moves deleted rows to a table of their own. The live rows are the rows of the model's table, so that it
// needs no predicate.
type ArchiveStrategy struct {
	unmarked
	Table string
	// Columns are the model's columns that move.
	Columns []*schema.Field
	// Shared are columns of the model that are the archive's own too: its DeletionID, actor and reason. They are empty while a
	// row is live, and show what the archive says of it when it is not.
	Shared []archiveCompanion
	// Companions are the model's DeletionID, actor and reason under other names. They move, and are written on the way.
	Companions []archiveCompanion
	numbering  *numbering
}

// archiveCompanion is a column of a model that repeats one of the archive's own.
type archiveCompanion struct {
	Field *schema.Field
	Mark  int // the place in MarkFields
}

// Companion tells which of the archive's own columns a column of the model repeats.
func (s ArchiveStrategy) Companion(column string) (c archiveCompanion, ok bool) {
	i := slices.IndexFunc(s.Companions, func(c archiveCompanion) bool { return c.Field.DBName == column })
	if i < 0 {
		return c, false
	}
	return s.Companions[i], true
}

// shown adds what a model's columns show of an archived row.
func (s ArchiveStrategy) shown(list []Assignment, d Stamp) []Assignment {
	values := []string{"", string(d.ID), d.Actor, d.Reason} // by their places in MarkFields; the time has no companion
	for _, c := range slices.Concat(s.Shared, s.Companions) {
		value := any(values[c.Mark])
		if value == "" {
			value = statement.EmptyValue(c.Field, true)
		}
		list = append(list, Assignment{Field: c.Field, Value: value})
	}
	return list
}

// holds tells whether a field is one of the model's companions, under whatever name.
func (s ArchiveStrategy) holds(field *schema.Field) bool {
	_, repeats := s.Companion(field.DBName)
	return repeats || s.Shares(field.DBName)
}

// Shares tells whether a column of the model's table is one of those that the archive has for itself, and says the same there.
func (s ArchiveStrategy) Shares(column string) bool {
	return slices.ContainsFunc(s.Shared, func(c archiveCompanion) bool { return strings.EqualFold(c.Field.DBName, column) })
}

func (ArchiveStrategy) Word() string { return "archive" }

// Keeps and Leaves: a deleted row is in the archive.
func (ArchiveStrategy) Keeps() bool { return true }

func (ArchiveStrategy) Leaves() bool { return true }

// The columns that an archive table has beside the model's.
const (
	// ArchiveIDColumn is the archive's primary key, a number that the database gives, and the order in which rows were archived.
	ArchiveIDColumn  = "archive_id"
	archivedAtColumn = "archived_at"
	DeletionIDColumn = "deletion_id"
	actorColumn      = "actor"
	reasonColumn     = "reason"
)

func (p *Policy) Archive() (ArchiveStrategy, bool) {
	s, ok := p.Strategy.(ArchiveStrategy)
	return s, ok
}

// Archives tells whether the model's deleted rows stand in a table of their own.
func (p *Policy) Archives() bool {
	_, ok := p.Archive()
	return ok
}

// DeletedTable is the table that holds the model's deleted rows.
func (p *Policy) DeletedTable() string {
	if s, ok := p.Archive(); ok {
		return s.Table
	}
	return p.Table
}

// settleArchive makes the strategy of a model whose rows move.
func (b *policyBuilder) settleArchive() {
	table := b.besides(b.Table, archiveSuffix)
	if b.words.Has("table") {
		table = b.words["table"]
	}
	if table == b.Table {
		b.refuse(b.wordsField, "the archive table is the model's own; name another")
	}
	if len(b.Schema.PrimaryFields) == 0 {
		b.refuse(b.wordsField, "archive needs a primary key to tell rows by; tag a field with gorm:\"primaryKey\"")
	}
	s := ArchiveStrategy{Table: table, numbering: &numbering{}}
	for _, name := range b.Schema.DBNames {
		field := b.Schema.FieldsByDBName[name]
		companion := archiveCompanion{field, slices.Index([]*schema.Field{nil, b.ID, b.Actor, b.Reason}, field)}
		switch {
		case companion.Mark > 0 && strings.EqualFold(name, []string{"", DeletionIDColumn, actorColumn, reasonColumn}[companion.Mark]):
			s.Shared = append(s.Shared, companion)
			continue
		case companion.Mark > 0 && !OwnColumn(name):
			s.Companions = append(s.Companions, companion)
		case OwnColumn(name):
			b.refuse(field.Name, "the archive table has a column %s of its own; name the model's otherwise", name)
		}
		if Moves(field) {
			s.Columns = append(s.Columns, field)
		}
	}
	b.Strategy = s
}

// Moves tells whether a column is written to the archive: the database computes generated ones, and a field that is only
// read and never migrated is no column of the table.
func Moves(field *schema.Field) bool {
	written := field.Creatable || field.Updatable
	return (written || !field.IgnoreMigration) && !generated(field)
}

func generated(field *schema.Field) bool {
	kind := strings.ToUpper(string(field.DataType))
	return strings.Contains(kind, "GENERATED ALWAYS AS (") || strings.Contains(kind, " AS (")
}

// settleMark gives a model with an archive the mark of its deleted rows, which stands in the archive table only.
func (b *policyBuilder) settleMark() {
	b.ID = &schema.Field{
		Name: "DeletionID", DBName: DeletionIDColumn, DataType: schema.String, GORMDataType: schema.String, Size: 64,
		FieldType: b.deletionID, IndirectFieldType: b.deletionID, TagSettings: map[string]string{}, Schema: b.Schema,
	}
	instant := reflect.TypeFor[*time.Time]()
	b.At = &schema.Field{
		Name: "ArchivedAt", DBName: archivedAtColumn, DataType: schema.Time, GORMDataType: schema.Time,
		FieldType: instant, IndirectFieldType: instant.Elem(), TagSettings: map[string]string{}, Schema: b.Schema,
	}
	b.Actor, b.Reason = textField(b.Schema, actorColumn), textField(b.Schema, reasonColumn)
	b.AtClock = clock{Kind: dialect.Native, Precision: TimeStep(b.At, b.dialect)}
}

func textField(s *schema.Schema, name string) *schema.Field {
	text := reflect.TypeFor[*string]()
	return &schema.Field{
		Name: name, DBName: name, DataType: schema.String, GORMDataType: schema.String,
		FieldType: text, IndirectFieldType: text.Elem(), TagSettings: map[string]string{}, Schema: s,
	}
}

// checkForeignKey tells what is wrong with a relation whose foreign key would make the database delete or empty rows that stay when a row
// that they refer to moves away: a restore could not bring that back.
func (r *Relation) checkForeignKey(rel *schema.Relationship) string {
	if !r.Parent.Archives() {
		return ""
	}
	constraint := rel.ParseConstraint()
	if constraint == nil {
		return ""
	}
	action := strings.ToUpper(strings.TrimSpace(constraint.OnDelete))
	if action != "CASCADE" && action != "SET NULL" && action != "SET DEFAULT" || r.Rule == RuleCascade && r.Child.Archives() {
		return ""
	}
	return fmt.Sprintf("OnDelete:%s would change or delete rows of %s that stay when a row of %s is archived; remove it, or give %s "+
		"the strategy archive and the relation cascade", action, r.Child.Table, r.Parent.Table, r.Child.Schema.Name)
}

// OwnColumn tells whether a name is that of one of the columns that an archive has beside the table's.
func OwnColumn(name string) bool {
	switch strings.ToLower(name) {
	case ArchiveIDColumn, archivedAtColumn, DeletionIDColumn, actorColumn, reasonColumn:
		return true
	}
	return false
}
