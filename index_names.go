package softdelete

import (
	"strings"
	"unicode/utf8"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/policy"
)

// fitIndexNames gives those indexes of a model other names whose own the database would not keep. GORM counts the letters of a name
// and cuts its bytes (schema/naming.go:107, GORM 1.31): a name of other than ASCII letters may end within one, which no database
// that checks takes, or be so long that the database cuts it, so that two indexes have one name and only one of them is made.
// A name of the tag's own stays where it works.
func fitIndexNames(p *policy.Policy, namer schema.Namer) {
	indexes := p.Schema.ParseIndexes()
	kept := map[string]int{}
	for _, index := range indexes {
		kept[p.KeptName(index.Name)]++
	}
	for _, index := range indexes {
		cut := p.KeptName(index.Name) != index.Name
		if utf8.ValidString(index.Name) && kept[p.KeptName(index.Name)] == 1 && !(cut && isDerived(index, namer)) {
			continue
		}
		name := dialect.ShortName(index.Name, "")
		for _, option := range index.Fields {
			renameIndex(option.Field, index.Name, name, namer)
		}
	}
}

// isDerived tells whether an index has its name from the naming strategy.
func isDerived(index *schema.Index, namer schema.Namer) bool {
	for _, option := range index.Fields {
		for _, setting := range strings.Split(option.Field.Tag.Get("gorm"), ";") {
			if _, value, _ := strings.Cut(setting, ":"); isIndexSetting(option.Field, setting, index.Name, namer) {
				named, _, _ := strings.Cut(value, ",")
				return named == ""
			}
		}
	}
	return false
}

// renameIndex changes the name of an index in a field's settings for it.
func renameIndex(field *schema.Field, index, name string, namer schema.Namer) {
	var parts []string
	for _, setting := range strings.Split(field.Tag.Get("gorm"), ";") {
		if isIndexSetting(field, setting, index, namer) {
			key, value, _ := strings.Cut(setting, ":")
			_, options, more := strings.Cut(value, ",")
			setting = key + ":" + name
			if more {
				setting += "," + options
			}
		}
		parts = append(parts, setting)
	}
	setGormTag(field, parts)
}
