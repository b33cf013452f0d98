package softdelete

import (
	"cmp"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/policy"
)

// narrowIndexes rewrites the index settings of a schema whose model marks rows, so that AutoMigrate, and whatever else
// reads the schema, builds its unique indexes over the live rows only. An index with a field tagged full stays as it is, and
// so does one with a condition of its own, and one that a foreign key refers to: the database asks for that. KeepUnique leaves
// all but those with a field tagged live. It runs before the schema is published: ParseIndexes writes to the fields
// (schema/index.go:74, GORM 1.31).
func narrowIndexes(p *policy.Policy, registry *policy.Registry, namer schema.Namer, referenced [][]string) {
	fitIndexNames(p, namer)
	collectComputed(p)
	if p.Archives() {
		p.Unique = append(p.Unique, collectUnique(p)...)
		return
	}
	if p.Column() == nil {
		p.Whole = append(p.Whole, collectUnique(p)...)
		return
	}
	refersTo := func(columns ...string) bool {
		return slices.ContainsFunc(referenced, func(key []string) bool {
			return len(key) == len(columns) && !slices.ContainsFunc(key, func(c string) bool { return !slices.Contains(columns, c) })
		})
	}
	// stays tells whether a unique index on columns stays over all rows.
	stays := func(columns ...string) bool {
		return refersTo(columns...) || slices.ContainsFunc(columns, func(c string) bool { return p.Full[c] }) ||
			registry.KeepUnique && !slices.ContainsFunc(columns, func(c string) bool { return p.Live[c] })
	}
	if len(p.Schema.PrimaryFields) > 0 {
		p.Whole = append(p.Whole, &policy.UniqueIndex{Name: policy.PrimaryKey, Fields: p.Schema.PrimaryFields})
	}
	for _, field := range p.Schema.Fields {
		switch {
		case !field.Unique || field.DBName == "":
		case stays(field.DBName):
			p.Whole = append(p.Whole, &policy.UniqueIndex{Name: namer.UniqueName(p.Schema.Table, field.DBName), Fields: []*schema.Field{field}})
		default:
			p.WasUnique[field.DBName] = makeUniqueIndex(p.Schema, field, namer)
			if registry.Dialect.Has(dialect.GeneratedLive) {
				field.TagSettings["UNIQUE"] = "UNIQUE" // by which GORM gives its text a length there (driver/mysql/mysql.go:397)
			}
		}
	}
	addRetentionIndex(p, namer)
	live := p.Predicates.Live.Of("")
	for _, index := range p.Schema.ParseIndexes() {
		unique := index.Class == "UNIQUE"
		full := stays(columnsOf(index)...)
		if unique && !full && index.Where == "" {
			leaveMarkOut(p, index, namer)
		}
		wanted := unique && !full || !unique && p.Live[index.Fields[0].Field.DBName]
		if index.Where == "" && wanted {
			for _, option := range index.Fields {
				addWhere(option.Field, index.Name, live, namer)
			}
		}
		if unique && !full && index.Where == "" {
			on := make([]string, len(index.Fields))
			for i, option := range index.Fields {
				on[i] = policy.Target(cmp.Or(option.Expression, option.Field.DBName))
			}
			p.Narrowed = append(p.Narrowed, on)
		}
		if !unique || isComputed(index) {
			continue
		}
		u := &policy.UniqueIndex{Name: index.Name, Where: index.Where}
		for _, option := range index.Fields {
			u.Fields = append(u.Fields, option.Field)
		}
		if full {
			p.Whole = append(p.Whole, u)
		} else {
			p.Unique = append(p.Unique, u)
		}
	}
}

// leaveMarkOut takes the columns that say whether a row is deleted out of a unique index: beside them nothing would be unique among
// live rows, which all have the same there, NULL for most, and no NULL is like another. A status of several live values stays.
func leaveMarkOut(p *policy.Policy, index *schema.Index, namer schema.Namer) {
	marks := func(option schema.IndexOption) bool {
		return option.Expression == "" && p.SameWhileLive(option.Field)
	}
	if !slices.ContainsFunc(index.Fields, func(option schema.IndexOption) bool { return !marks(option) }) {
		return
	}
	index.Fields = slices.DeleteFunc(index.Fields, func(option schema.IndexOption) bool {
		if !marks(option) {
			return false
		}
		var others []string
		for _, setting := range strings.Split(option.Field.Tag.Get("gorm"), ";") {
			if !isIndexSetting(option.Field, setting, index.Name, namer) {
				others = append(others, setting)
			}
		}
		setGormTag(option.Field, others)
		return true
	})
}

func columnsOf(index *schema.Index) []string {
	columns := make([]string, len(index.Fields))
	for i, option := range index.Fields {
		columns[i] = option.Field.DBName
	}
	return columns
}

// references lists the columns of a schema that foreign keys of the reached schemas refer to, where AutoMigrate makes them.
func references(db *gorm.DB, s *schema.Schema, reached []policy.ReachedSchema) (keys [][]string) {
	if db.DisableForeignKeyConstraintWhenMigrating || db.IgnoreRelationshipsWhenMigrating {
		return nil
	}
	for _, r := range reached {
		for _, rel := range policy.RelationsOf(r.Schema) {
			// The links of a many2many relation have relations of their own.
			if rel.JoinTable != nil || rel.Polymorphic != nil || rel.Field.IgnoreMigration || rel.Field.TagSettings["CONSTRAINT"] == "-" {
				continue
			}
			var key []string
			for _, reference := range rel.References {
				if reference.PrimaryKey != nil && reference.PrimaryKey.Schema == s {
					key = append(key, reference.PrimaryKey.DBName)
				}
			}
			if len(key) > 0 {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// collectUnique lists what must be unique in the table of a model whose deleted rows move away, or that keeps none: all indexes stay
// as they are declared.
func collectUnique(p *policy.Policy) []*policy.UniqueIndex {
	var list []*policy.UniqueIndex
	if len(p.Schema.PrimaryFields) > 0 {
		list = append(list, &policy.UniqueIndex{Name: policy.PrimaryKey, Fields: p.Schema.PrimaryFields})
	}
	for _, field := range p.Schema.Fields {
		if field.Unique && field.DBName != "" {
			list = append(list, &policy.UniqueIndex{Name: field.DBName, Fields: []*schema.Field{field}})
		}
	}
	for _, index := range p.Schema.ParseIndexes() {
		if index.Class != "UNIQUE" || isComputed(index) {
			continue
		}
		u := &policy.UniqueIndex{Name: index.Name, Where: index.Where}
		for _, option := range index.Fields {
			u.Fields = append(u.Fields, option.Field)
		}
		list = append(list, u)
	}
	return list
}

// isComputed tells whether an index is on an expression.
func isComputed(index *schema.Index) bool {
	return slices.ContainsFunc(index.Fields, func(o schema.IndexOption) bool { return o.Expression != "" })
}

// collectComputed lists the unique indexes on expressions.
func collectComputed(p *policy.Policy) {
	for _, index := range p.Schema.ParseIndexes() {
		if index.Class != "UNIQUE" || !isComputed(index) {
			continue
		}
		parts := make([]string, len(index.Fields))
		for i, option := range index.Fields {
			parts[i] = cmp.Or(option.Expression, option.DBName)
		}
		p.Computed = append(p.Computed, p.ComputedOn(index.Name, parts))
	}
}

// addRetentionIndex gives a model with a retention an index over its deleted rows by the clock that the retention counts
// from, for the purge to read. A column that an index begins with already needs none.
func addRetentionIndex(p *policy.Policy, namer schema.Namer) {
	field := p.RetentionClock()
	if field == nil {
		return
	}
	for _, index := range p.Schema.ParseIndexes() {
		covers := index.Where == "" && index.Class != "UNIQUE" && !p.Live[field.DBName]
		if index.Fields[0].Field == field && index.Fields[0].Expression == "" && covers {
			return
		}
	}
	name := dialect.ShortName(namer.IndexName(p.Table, field.DBName), "_retention")
	field.TagSettings["INDEX"] = name
	parts := strings.Split(field.Tag.Get("gorm"), ";")
	where := strings.ReplaceAll(p.Predicates.Deleted.Of(""), ",", `\,`)
	setGormTag(field, append(parts, "index:"+name+",where:"+where))
}

// makeUniqueIndex turns `gorm:"unique"`, a constraint of the table, into a unique index: only an index can have a
// condition.
func makeUniqueIndex(s *schema.Schema, field *schema.Field, namer schema.Namer) (name string) {
	// Not the constraint's own name: both stand side by side for a moment when a migration changes over.
	name = dialect.ShortName(namer.UniqueName(s.Table, field.DBName), dialect.LiveSuffix)
	field.Unique = false
	delete(field.TagSettings, "UNIQUE")
	field.TagSettings["UNIQUEINDEX"] = name
	var parts []string
	for _, setting := range strings.Split(field.Tag.Get("gorm"), ";") {
		if !strings.EqualFold(strings.TrimSpace(setting), "unique") {
			parts = append(parts, setting)
		}
	}
	setGormTag(field, append(parts, "uniqueIndex:"+name))
	return name
}

// addWhere adds a condition to a field's settings for one index. GORM splits the tag at ";" without heed of escapes
// (schema/index.go:100), at "," with.
func addWhere(field *schema.Field, index, condition string, namer schema.Namer) {
	condition = strings.ReplaceAll(condition, ",", `\,`)
	var parts []string
	for _, setting := range strings.Split(field.Tag.Get("gorm"), ";") {
		if isIndexSetting(field, setting, index, namer) {
			if !strings.Contains(setting, ":") {
				setting += ":"
			}
			setting += ",where:" + condition
		}
		parts = append(parts, setting)
	}
	setGormTag(field, parts)
}

// isIndexSetting tells whether a setting of a field's tag puts it into an index.
func isIndexSetting(field *schema.Field, setting, index string, namer schema.Namer) bool {
	key, value, _ := strings.Cut(setting, ":")
	if key = strings.ToUpper(strings.TrimSpace(key)); key != "INDEX" && key != "UNIQUEINDEX" {
		return false
	}
	name, _, _ := strings.Cut(value, ",")
	return name == index || name == "" && indexName(field, setting, namer) == index
}

// indexName is the name of the index that a setting without one makes, as GORM gives it (schema/index.go:120, GORM 1.31).
func indexName(field *schema.Field, setting string, namer schema.Namer) string {
	_, options, _ := strings.Cut(setting, ",")
	if composite, ok := schema.ParseTagSetting(options, ",")["COMPOSITE"]; ok {
		return namer.IndexName(field.Schema.Table, composite)
	}
	return namer.IndexName(field.Schema.Table, field.Name)
}

// setGormTag replaces the gorm key of a field's tag, and leaves the others.
func setGormTag(field *schema.Field, parts []string) {
	gormTag := "gorm:" + strconv.Quote(strings.Join(parts, ";"))
	rest := string(field.Tag)
	if value, ok := field.Tag.Lookup("gorm"); ok {
		for _, quoted := range []string{strconv.Quote(value), `"` + value + `"`} {
			rest = strings.Replace(rest, "gorm:"+quoted, "", 1)
		}
	}
	field.Tag = reflect.StructTag(strings.TrimSpace(gormTag + " " + strings.TrimSpace(rest)))
}
