package policy

import (
	"fmt"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
)

// NewLog describes the model's log for the database.
func (p *Policy) NewLog(d *dialect.Dialect, quote func(string) string) *dialect.Log {
	s := p.Schema
	l := dialect.NewLog(p.Table, p.besides(p.Table, eventsSuffix), quote)
	l.Model = s.Name
	for _, name := range s.DBNames {
		field := s.FieldsByDBName[name]
		if field.IgnoreMigration {
			continue
		}
		l.Columns = append(l.Columns, LoggedColumn(field, quote))
	}
	for _, field := range s.PrimaryFields {
		l.Key = append(l.Key, LoggedColumn(field, quote))
		l.KeyColumns = append(l.KeyColumns, d.KeyColumn(field))
	}
	if _, marks := p.marker(); marks {
		l.Live = p.Predicates.Live.Of
		if p.ID != nil {
			l.DeletionID = quote(p.ID.DBName)
		}
	}
	return l
}

func LoggedColumn(field *schema.Field, quote func(string) string) dialect.LoggedColumn {
	values := map[schema.DataType]dialect.Value{
		schema.Bool: dialect.Boolean, schema.Int: dialect.Whole, schema.Uint: dialect.Whole, schema.Float: dialect.Real, schema.Bytes: dialect.Bytes,
	}
	c := dialect.LoggedColumn{Name: field.DBName, Quoted: quote(field.DBName), Value: values[field.GORMDataType], Type: string(field.DataType)}
	_, known := values[field.GORMDataType]
	known = known || field.GORMDataType == schema.String || field.GORMDataType == schema.Time
	c.Plain = known && field.DataType == field.GORMDataType && field.Serializer == nil
	return c
}

// settleEvents checks that the model's rows can be told apart in a log.
func (b *policyBuilder) settleEvents() {
	b.Events = b.words.Has("events")
	if !b.Events {
		return
	}
	if !b.dialect.LogsEvents() {
		b.Events = false
		b.problems = append(b.problems, fmt.Errorf("%w: %s: there are no triggers yet that write events on this database; remove the word events",
			fault.ErrUnsupported, b.Schema.Name))
		return
	}
	if _, none := b.Strategy.(noStrategy); none && len(b.strategies) == 0 {
		b.Strategy = hardStrategy{} // Delete removes the row, and the log keeps it
	}
	if len(b.Schema.PrimaryFields) == 0 {
		b.refuse(b.wordsField, "events needs a primary key to tell the rows apart; tag a field with gorm:\"primaryKey\"")
	}
	for _, field := range b.Schema.PrimaryFields {
		switch field.GORMDataType {
		case schema.Int, schema.Uint, schema.String, schema.Bytes:
		default:
			b.refuse(field.Name, "events needs a primary key of integers, texts or bytes, not %s", field.FieldType)
		}
	}
}

// LoggedFields are the fields of the log's columns.
func (p *Policy) LoggedFields() []*schema.Field {
	fields := make([]*schema.Field, len(p.Log.Columns))
	for i, c := range p.Log.Columns {
		fields[i] = p.Schema.FieldsByDBName[c.Name]
	}
	return fields
}
