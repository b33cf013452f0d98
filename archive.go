package softdelete

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// archiveStrategy moves deleted rows to a table of their own. The live rows are the rows of the model's table, so that it
// needs no predicate.
type archiveStrategy struct {
	table string
	// columns are the model's columns that move.
	columns []*schema.Field
	// shared are columns of the model that are the archive's own too: its DeletionID, actor and reason. They are empty while a
	// row is live, and show what the archive says of it when it is not.
	shared []archiveCompanion
	// companions are the model's DeletionID, actor and reason under other names. They move, and are written on the way.
	companions []archiveCompanion
}

// archiveCompanion is a column of a model that repeats one of the archive's own.
type archiveCompanion struct {
	field *schema.Field
	mark  int // the place in markFields
}

// companion tells which of the archive's own columns a column of the model repeats.
func (s archiveStrategy) companion(column string) (c archiveCompanion, ok bool) {
	i := slices.IndexFunc(s.companions, func(c archiveCompanion) bool { return c.field.DBName == column })
	if i < 0 {
		return c, false
	}
	return s.companions[i], true
}

// holds tells whether a field is one of the model's companions, under whatever name.
func (s archiveStrategy) holds(field *schema.Field) bool {
	_, repeats := s.companion(field.DBName)
	return repeats || s.shares(field.DBName)
}

// shares tells whether a column of the model's table is one of those that the archive has for itself, and says the same there.
func (s archiveStrategy) shares(column string) bool {
	return slices.ContainsFunc(s.shared, func(c archiveCompanion) bool { return strings.EqualFold(c.field.DBName, column) })
}

func (archiveStrategy) word() string { return "archive" }

func (archiveStrategy) predicates(func(string) string) predicates { return predicates{} }

// The columns that an archive table has beside the model's.
const (
	archivedAtColumn = "archived_at"
	deletionIDColumn = "deletion_id"
	actorColumn      = "actor"
	reasonColumn     = "reason"
)

func (p *policy) archive() (archiveStrategy, bool) {
	s, ok := p.strategy.(archiveStrategy)
	return s, ok
}

// archives tells whether the model's deleted rows stand in a table of their own.
func (p *policy) archives() bool {
	_, ok := p.archive()
	return ok
}

// keepsDeleted tells whether the model's deleted rows can be told and restored.
func (p *policy) keepsDeleted() bool {
	_, marks := p.marker()
	return marks || p.archives()
}

// deletedTable is the table that holds the model's deleted rows.
func (p *policy) deletedTable() string {
	if s, ok := p.archive(); ok {
		return s.table
	}
	return p.schema.Table
}

// settleArchive makes the strategy of a model whose rows move.
func (b *policyBuilder) settleArchive() {
	table := b.schema.Table + "_archive"
	if b.words.has("table") {
		table = b.words["table"]
	}
	if table == b.schema.Table {
		b.refuse(b.wordsField, "the archive table is the model's own; name another")
	}
	if len(b.schema.PrimaryFields) == 0 {
		b.refuse(b.wordsField, "archive needs a primary key to tell rows by; tag a field with gorm:\"primaryKey\"")
	}
	s := archiveStrategy{table: table}
	for _, name := range b.schema.DBNames {
		field := b.schema.FieldsByDBName[name]
		companion := archiveCompanion{field, slices.Index([]*schema.Field{nil, b.id, b.actor, b.reason}, field)}
		switch {
		case companion.mark > 0 && strings.EqualFold(name, []string{"", deletionIDColumn, actorColumn, reasonColumn}[companion.mark]):
			s.shared = append(s.shared, companion)
			continue
		case companion.mark > 0:
			s.companions = append(s.companions, companion)
		case ownColumn(name):
			b.refuse(field.Name, "the archive table has a column %s of its own; name the model's otherwise", name)
		}
		if moves(field) {
			s.columns = append(s.columns, field)
		}
	}
	b.strategy = s
}

// moves tells whether a column is written to the archive: the database computes generated ones, and a field that is only
// read and never migrated is no column of the table.
func moves(field *schema.Field) bool {
	written := field.Creatable || field.Updatable
	return (written || !field.IgnoreMigration) && !generated(field)
}

func generated(field *schema.Field) bool {
	kind := strings.ToUpper(string(field.DataType))
	return strings.Contains(kind, "GENERATED ALWAYS AS (") || strings.Contains(kind, " AS (")
}

// settleMark gives a model with an archive the mark of its deleted rows, which stands in the archive table only.
func (b *policyBuilder) settleMark() {
	b.id = &schema.Field{
		Name: "DeletionID", DBName: deletionIDColumn, DataType: schema.String, GORMDataType: schema.String, Size: 64,
		FieldType: deletionIDType, IndirectFieldType: deletionIDType, TagSettings: map[string]string{}, Schema: b.schema,
	}
	instant := reflect.TypeFor[*time.Time]()
	b.at = &schema.Field{
		Name: "ArchivedAt", DBName: archivedAtColumn, DataType: schema.Time, GORMDataType: schema.Time,
		FieldType: instant, IndirectFieldType: instant.Elem(), TagSettings: map[string]string{}, Schema: b.schema,
	}
	b.actor, b.reason = textField(b.schema, actorColumn), textField(b.schema, reasonColumn)
	b.atClock = clock{kind: dialect.Native, precision: b.dialect.Precision}
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
func (r *relation) checkForeignKey(rel *schema.Relationship) string {
	if !r.parent.archives() {
		return ""
	}
	constraint := rel.ParseConstraint()
	if constraint == nil {
		return ""
	}
	action := strings.ToUpper(strings.TrimSpace(constraint.OnDelete))
	if action != "CASCADE" && action != "SET NULL" && action != "SET DEFAULT" || r.rule == ruleCascade && r.child.archives() {
		return ""
	}
	return fmt.Sprintf("OnDelete:%s would change or delete rows of %s that stay when a row of %s is archived; remove it, or give %s "+
		"the strategy archive and the relation cascade", action, r.child.schema.Table, r.parent.schema.Table, r.child.schema.Name)
}
