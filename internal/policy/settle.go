package policy

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/mark"
	"github.com/gorm-softdelete/softdelete/internal/tag"
)

// This room makes a policy of what policyBuilder has read.

// settle makes the strategy out of what was read.
func (b *policyBuilder) settle() {
	if len(b.strategies) > 1 {
		b.refuse(b.strategies[1], "two strategies on one model, the other on %s; keep one "+
			"(a gorm.DeletedAt field is the strategy timestamp)", b.strategies[0])
	}
	if b.Foreign != nil && b.Foreign != b.column && len(b.strategies) > 0 {
		b.refuse(b.Foreign.Name, "the type %s has deletion rules of its own, which do not go with the strategy on %s; make it a plain integer or bool",
			b.Foreign.FieldType, b.strategies[0])
	}
	b.Strategy = noStrategy{}
	if named := namedIn(b.words, tag.OnModel); len(named) > 0 {
		named[0].settle(b)
	} else if b.column != nil {
		b.settleColumn()
	}
	for _, s := range strategiesOf(tag.OnModel) {
		for _, word := range s.own {
			if b.words.Has(word) && !b.words.Has(s.word) {
				b.refuse(b.wordsField, "%q belongs to the strategy %s", word, s.word)
			}
		}
	}
	b.settleEvents()
	b.settleCompanions()
	if b.Policy.Archives() {
		b.settleMark()
	}
	b.settleRetention()
	b.settleIndexes()
}

// settleIndexes checks that full and live have an index to speak of.
func (b *policyBuilder) settleIndexes() {
	for _, field := range b.Schema.Fields {
		if field.DBName == "" || !b.Full[field.DBName] && !b.Live[field.DBName] {
			continue
		}
		unique, plain := field.Unique, false
		for _, index := range b.Schema.ParseIndexes() {
			if index.Class == "UNIQUE" {
				unique = unique || slices.ContainsFunc(index.Fields, func(o schema.IndexOption) bool { return o.Field == field })
			} else {
				plain = plain || index.Fields[0].Field == field
			}
		}
		if b.Full[field.DBName] && !unique {
			b.refuse(field.Name, "full needs a unique index on the field; add gorm:\"uniqueIndex\", or remove full")
		}
		switch {
		case !b.Live[field.DBName] || plain || unique && b.keepUnique:
		case unique:
			b.refuse(field.Name, "live says nothing of a unique index, which is over live rows already unless Config.KeepUnique is set; remove live")
		default:
			b.refuse(field.Name, "live needs a plain index that begins with the field; add gorm:\"index\", or remove live")
		}
	}
}

// settleColumn makes the strategy that the deletion column names.
func (b *policyBuilder) settleColumn() {
	field, named := b.column, namedIn(b.tag, tag.OnColumn)
	if len(named) > 1 {
		b.refuse(field.Name, "two strategies on one field: %s; keep one", wordsFor(named, "and"))
		return
	}
	if deletesByItself(field) {
		b.refuse(field.Name, "the type %s has deletion rules of its own; use a plain integer, bool, string or gorm.DeletedAt",
			field.FieldType)
		return
	}
	if field.Serializer != nil {
		b.refuse(field.Name, "a deletion column cannot have a serializer; use a plain type")
		return
	}
	b.refuseFilled(field)
	for _, s := range strategiesOf(tag.OnColumn) {
		for _, word := range s.own {
			if b.tag.Has(word) && s.word != named[0].word {
				b.refuse(field.Name, "%q belongs to the strategy %s, not %s", word, s.word, named[0].word)
			}
		}
	}
	named[0].settle(b)
}

// refuseFilled refuses a column that GORM fills with the time of a write: with every such write a row would be deleted, or carry
// another mark.
func (b *policyBuilder) refuseFilled(field *schema.Field) {
	if field.AutoCreateTime != 0 || field.AutoUpdateTime != 0 {
		b.refuse(field.Name, "GORM fills the field whenever it writes a row, which is no time of deletion; remove autoCreateTime and autoUpdateTime, "+
			"which a field CreatedAt or UpdatedAt has without a tag, or name another field")
	}
}

// settleCompanions checks the fields around the deletion column.
func (b *policyBuilder) settleCompanions() {
	_, marks := b.Strategy.(marker)
	if store, _ := b.Strategy.(ArchiveStrategy); len(b.problems) == 0 && !marks {
		for _, c := range []struct {
			word  string
			field *schema.Field
		}{{"at", b.At}, {"previous", b.Previous}, {"actor", b.Actor}, {"reason", b.Reason}} {
			if c.field != nil && !store.holds(c.field) {
				b.refuse(c.field.Name, "%q needs a strategy that marks rows: %s", c.word, wordsFor(strategiesOf(tag.OnColumn), "or"))
			}
		}
	}
	if !marks {
		b.ID, b.At, b.Previous, b.Actor, b.Reason = nil, nil, nil, nil, nil
		return
	}
	if b.At != nil && b.At != b.column {
		b.refuseFilled(b.At)
		setting, _ := tag.ParseTag(b.At.Tag.Get(tag.TagKey), tag.OnColumn) // its problems are told already
		c, remedy := b.readClock(b.At, setting)
		if remedy != "" {
			b.refuse(b.At.Name, "%s", remedy)
		}
		b.AtClock = c
	}
	if status, ok := b.Strategy.(statusStrategy); b.Previous != nil && !ok {
		b.refuse(b.Previous.Name, "%q belongs to the strategy status, not %s", "previous", b.Strategy.Word())
	} else if b.Previous != nil && b.Previous.GORMDataType != status.field.GORMDataType {
		b.refuse(b.Previous.Name, "the former status needs the type of %s, %s", status.field.Name, status.field.FieldType)
	}
	if b.ID != nil && b.ID.Size > 0 && b.ID.Size < mark.DeletionIDLen {
		b.refuse(b.ID.Name, "a DeletionID has %d characters, the column %d; leave its size to GORM", mark.DeletionIDLen, b.ID.Size)
	}
	for _, field := range []*schema.Field{b.Actor, b.Reason} {
		if field != nil && field.GORMDataType != schema.String {
			b.refuse(field.Name, "the field is filled with text; make it a string")
		}
	}
}

// readClock says how a field keeps an instant, or gives a sentence why it cannot.
func (b *policyBuilder) readClock(field *schema.Field, setting tag.Settings) (clock, string) {
	switch field.GORMDataType {
	case schema.Int, schema.Uint:
		unit := time.Second
		if setting.Has("unit") {
			units := map[string]time.Duration{"s": time.Second, "ms": time.Millisecond, "us": time.Microsecond, "ns": time.Nanosecond}
			var ok bool
			if unit, ok = units[strings.ToLower(setting["unit"])]; !ok {
				return clock{}, fmt.Sprintf("unknown unit %q; s, ms, us and ns are known", setting["unit"])
			}
		}
		if field.Size > 0 && field.Size < 64 && (unit != time.Second || field.Size < 32) {
			return clock{}, fmt.Sprintf("%s is too small for a time in this unit; use int64", field.FieldType)
		}
		return clock{Kind: dialect.Integer, Unit: unit, Precision: unit}, ""
	case schema.Time:
		if setting.Has("unit") {
			return clock{}, `"unit" belongs to an integer column`
		}
		if field.FieldType == reflect.TypeFor[time.Time]() {
			return clock{}, "a time.Time cannot be NULL, which is how a live row looks; use *time.Time, sql.NullTime or gorm.DeletedAt"
		}
		return clock{Kind: dialect.Native, Precision: TimeStep(field, b.dialect)}, ""
	default:
		return clock{}, fmt.Sprintf("a time of deletion needs gorm.DeletedAt, *time.Time, sql.NullTime or an integer, not %s",
			field.FieldType)
	}
}

// TimeStep is the finest step of a time column: that of its precision setting, of its type in parentheses, or the
// database's own.
func TimeStep(field *schema.Field, d *dialect.Dialect) time.Duration {
	if step, known := d.TimeStep(field); known {
		return step
	}
	digits, finest := field.Precision, d.Precision
	name := strings.ToLower(string(field.DataType))
	switch {
	case strings.HasPrefix(name, "date") && !strings.HasPrefix(name, "datetime"):
		return 24 * time.Hour
	case digits == 0 && strings.Contains(name, "("):
		if _, err := fmt.Sscanf(name[strings.Index(name, "("):], "(%d)", &digits); err != nil {
			return finest
		}
		if digits == 0 {
			return time.Second
		}
	case digits == 0:
		return finest
	}
	step := time.Second
	for range digits {
		step /= 10
	}
	return max(step, finest)
}

// settleRetention reads retain, then and clock. Purge obeys them; here they are only checked.
func (b *policyBuilder) settleRetention() {
	if !b.words.Has("retain") {
		for _, word := range []string{"then", "clock"} {
			if b.words.Has(word) {
				b.refuse(b.wordsField, "%q needs retain:…, as in retain:90d", word)
			}
		}
	} else {
		var remedy string
		if b.Retain, remedy = tag.ParsePeriod(b.words["retain"]); remedy != "" {
			b.refuse(b.wordsField, "retain: %s", remedy)
		}
		b.Then = "purge"
		if b.words.Has("then") {
			b.Then = strings.ToLower(b.words["then"])
		}
		if !slices.Contains([]string{"purge", "erase", "cold", "keep"}, b.Then) {
			b.refuse(b.wordsField, "then: %q is unknown; purge, erase, cold and keep are known", b.words["then"])
		}
		if b.At == nil && !b.words.Has("clock") && len(b.problems) == 0 {
			b.refuse(b.wordsField, "retain needs a deletion time to count from; add a field tagged at, or clock:Field")
		}
	}
	for _, word := range []string{"clock", "tenant"} {
		if !b.words.Has(word) {
			continue
		}
		field := b.Schema.LookUpField(b.words[word])
		if field == nil {
			b.refuse(b.wordsField, "%s: the model has no field %s", word, b.words[word])
			continue
		}
		isTime := field.GORMDataType == schema.Time || field.GORMDataType == schema.Int || field.GORMDataType == schema.Uint
		if word == "clock" && !isTime {
			b.refuse(b.wordsField, "clock: the field %s keeps no time, it is of type %s", field.Name, field.FieldType)
		}
	}
	if b.words.Has("clock") {
		b.clockField = b.Schema.LookUpField(b.words["clock"])
	}
	if b.words.Has("tenant") {
		b.TenantField = b.Schema.LookUpField(b.words["tenant"])
	}
}
