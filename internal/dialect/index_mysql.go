package dialect

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gorm.io/gorm"
)

// This room is for indexes on MySQL, which has none over some of the rows. One that is unique among live rows has a generated column as
// its last part, LiveColumn, which is 1 for a live row and NULL for others.

// LiveColumn is that column.
const LiveColumn = "softdelete_live"

// mysqlIndexPart is a column or an expression of an index as the catalogue lists it. Expression is MySQL's alone.
type mysqlIndexPart struct {
	Name       string  `gorm:"column:name"`
	Unique     bool    `gorm:"column:unique_index"`
	Column     *string `gorm:"column:part_column"`
	Prefix     *int    `gorm:"column:part_prefix"`
	Expression *string `gorm:"column:EXPRESSION"`
	// Live is the expression of LiveColumn, where the part is that.
	Live *string `gorm:"-"`
}

// mysqlParts lists the parts of a table's indexes, or of that of a name.
func mysqlParts(db *gorm.DB, table Table, name string) (parts []mysqlIndexPart, err error) {
	schema, bare := mysqlPlace(table.Name)
	err = db.Raw(`SELECT s.*, s.index_name AS "name", s.non_unique = 0 AS "unique_index", s.column_name AS "part_column", s.sub_part AS "part_prefix"
		FROM information_schema.statistics s WHERE `+mysqlThere+` AND (? = '' OR index_name = ?) ORDER BY s.index_name, s.seq_in_index`,
		schema, bare, name, name).Scan(&parts).Error
	ours := func(p mysqlIndexPart) bool { return p.Column != nil && *p.Column == LiveColumn }
	if err != nil || !slices.ContainsFunc(parts, ours) {
		return parts, err
	}
	var live string
	err = db.Raw("SELECT COALESCE(generation_expression, '') FROM information_schema.columns WHERE "+mysqlThere+" AND column_name = ?", schema, bare, LiveColumn).Scan(&live).Error
	for i := range parts {
		if ours(parts[i]) {
			parts[i].Live = &live
		}
	}
	return parts, err
}

func mysqlIndexes(db *gorm.DB, table Table, name string) (list []Index, err error) {
	parts, err := mysqlParts(db, table, name)
	for i, part := range parts {
		first := i == 0 || parts[i-1].Name != part.Name
		if first {
			list = append(list, Index{Name: part.Name, Unique: part.Unique, Primary: part.Name == "PRIMARY"})
		}
		last := &list[len(list)-1]
		switch {
		case part.Live != nil:
			last.Where = liveCondition(*part.Live)
		case first:
			last.Listed = mysqlPlain(part)
		default:
			last.Listed += columnSeparator + mysqlPlain(part)
		}
	}
	return list, err
}

// mysqlPlain is a part that is a whole column, empty for any other.
func mysqlPlain(part mysqlIndexPart) string {
	if part.Column == nil || part.Prefix != nil {
		return ""
	}
	return *part.Column
}

// mysqlFinding takes as many letters of a text as an index takes of four columns.
func mysqlFinding(column, kind string) string {
	const most = 191
	t := mysqlType(kind)
	if !slices.Contains(mysqlTexts, t.name) && !slices.Contains(mysqlBytes, t.name) || mysqlSizes[t.name] == 0 && first(t.numbers) <= most {
		return column
	}
	return fmt.Sprintf("%s(%d)", column, most)
}

var (
	// liveExpression is what a generated column of ours is made by, as servers tell it.
	liveExpression = regexp.MustCompile(`(?is)^\(?\s*if\((.*),\s*1\s*,\s*null\s*\)\s*\)?$`)
	// introducer tells a text's character set.
	introducer = regexp.MustCompile(`_utf8mb[34]\s*'`)
)

// liveCondition is the condition in the expression of a LiveColumn; empty where it is another one.
func liveCondition(expression string) string {
	if strings.Contains(expression, `_utf8mb4\'`) { // MySQL tells all of it as in a text
		expression = strings.NewReplacer(`\\`, `\`, `\'`, "'").Replace(expression)
	}
	expression = introducer.ReplaceAllString(expression, "'")
	expression = strings.NewReplacer(`\\`, `\`, `\'`, "''").Replace(expression)
	found := liveExpression.FindStringSubmatch(expression)
	if found == nil {
		return ""
	}
	return found[1]
}

// A row that would share what is unique with another is refused, unless the statement is REPLACE.
var mysqlExclusives = exclusives{
	ofColumn: func(string) (string, string) { return "", "" },
	list: func(db *gorm.DB, table Table) (list []Exclusive, err error) {
		parts, err := mysqlParts(db, table, "")
		for i, part := range parts {
			if !part.Unique {
				continue
			}
			if i == 0 || parts[i-1].Name != part.Name {
				list = append(list, Exclusive{Name: part.Name, Primary: part.Name == "PRIMARY", Strict: true})
			}
			last := &list[len(list)-1]
			if part.Live != nil {
				last.Where = liveCondition(*part.Live)
				continue
			}
			last.Parts = append(last.Parts, ExclusivePart{Text: mysqlPartText(part), Column: mysqlPlain(part), Operator: Equal})
		}
		return list, err
	},
}

// mysqlPartText is a part over the columns of its table.
func mysqlPartText(part mysqlIndexPart) string {
	switch {
	case part.Column == nil && part.Expression != nil:
		return strings.ReplaceAll(*part.Expression, `\'`, "'")
	case part.Column == nil:
		return "NULL" // which is like no other
	case part.Prefix != nil:
		return fmt.Sprintf("LEFT(%s, %d)", mysqlQuoted(*part.Column), *part.Prefix)
	}
	return mysqlQuoted(*part.Column)
}

func mysqlQuoted(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }
