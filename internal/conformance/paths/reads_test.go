package paths_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
)

// users finds users and gives their names, sorted.
func users(tx *gorm.DB) string { return usersAs(tx, userName) }

func userName(user pathUser) string { return user.Name }

// usersAs finds users and gives a text for each, sorted.
func usersAs(tx *gorm.DB, text func(pathUser) string) string {
	var users []pathUser
	pathDone(tx.Find(&users))
	return textsOf(users, text)
}

func userNames(users []pathUser) string { return textsOf(users, userName) }

func textsOf(users []pathUser, text func(pathUser) string) string {
	texts := make([]string, len(users))
	for i, user := range users {
		texts[i] = text(user)
	}
	return sorted(texts)
}

func sorted(names []string) string {
	slices.Sort(names)
	return strings.Join(names, " ")
}

// oneUser is for First and its relatives.
func oneUser(tx func(dest any, conds ...any) *gorm.DB, conds ...any) string {
	var user pathUser
	pathDone(tx(&user, conds...))
	return user.Name
}

func count(tx *gorm.DB) string {
	var n int64
	pathDone(tx.Count(&n))
	return fmt.Sprint(n)
}

func plucked(tx *gorm.DB, column string) string {
	var names []string
	pathDone(tx.Pluck(column, &names))
	return sorted(names)
}

// scanned reads the names from rows.
func scanned(rows *sql.Rows, err error) string {
	pathCheck(err)
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		pathCheck(rows.Scan(&name))
		names = append(names, name)
	}
	pathCheck(rows.Err())
	return sorted(names)
}

const allUsers, liveUsers = "ann bob cid dan", "ann bob dan"

var pathReads = []path{
	{name: "Find", shows: liveUsers, run: func(_ *testing.T, db *gorm.DB) string { return users(db) }},
	{name: "Find by a deleted row's key", shows: "", run: func(_ *testing.T, db *gorm.DB) string {
		var found []pathUser
		pathDone(db.Find(&found, 3))
		return userNames(found)
	}},
	{name: "Find of a value with the key of a deleted row", shows: "0", run: func(_ *testing.T, db *gorm.DB) string {
		return affected(db.Find(&pathUser{ID: 3}))
	}},
	{name: "First", shows: "ann", run: func(_ *testing.T, db *gorm.DB) string { return oneUser(db.First) }},
	{name: "First by a deleted row's key", err: gorm.ErrRecordNotFound, run: func(_ *testing.T, db *gorm.DB) string {
		return oneUser(db.First, 3)
	}},
	{name: "Last", shows: "dan", run: func(_ *testing.T, db *gorm.DB) string { return oneUser(db.Last) }},
	{name: "Take", err: gorm.ErrRecordNotFound, run: func(_ *testing.T, db *gorm.DB) string {
		return oneUser(db.Take, "name = ?", "cid")
	}},
	{name: "Count", shows: "3", run: func(_ *testing.T, db *gorm.DB) string { return count(db.Model(&pathUser{})) }},
	{name: "Count of distinct values", shows: "3", run: func(_ *testing.T, db *gorm.DB) string {
		return count(db.Model(&pathUser{}).Distinct("name"))
	}},
	{name: "Count of groups", shows: "3", run: func(_ *testing.T, db *gorm.DB) string {
		return count(db.Model(&pathUser{}).Group("name"))
	}},
	{name: "Pluck", shows: liveUsers, run: func(_ *testing.T, db *gorm.DB) string { return plucked(db.Model(&pathUser{}), "name") }},
	{name: "Row", shows: "3", run: func(_ *testing.T, db *gorm.DB) string {
		var n int
		pathCheck(db.Model(&pathUser{}).Select("count(*)").Row().Scan(&n))
		return fmt.Sprint(n)
	}},
	{name: "Rows", shows: liveUsers, run: func(_ *testing.T, db *gorm.DB) string {
		return scanned(db.Model(&pathUser{}).Select("name").Rows())
	}},
	{name: "Scan", shows: liveUsers, run: func(_ *testing.T, db *gorm.DB) string {
		var found []pathUserName
		pathDone(db.Model(&pathUser{}).Select("id", "name").Scan(&found))
		return smallNames(found)
	}},
	{name: "Find into a smaller struct", shows: liveUsers, run: func(_ *testing.T, db *gorm.DB) string {
		var found []pathUserName
		pathDone(db.Model(&pathUser{}).Find(&found))
		return smallNames(found)
	}},
	{name: "Find into maps", shows: liveUsers, run: func(_ *testing.T, db *gorm.DB) string {
		var found []map[string]any
		pathDone(db.Model(&pathUser{}).Find(&found))
		return mapNames(found)
	}},
	{name: "Distinct", shows: "30 40 50", run: func(_ *testing.T, db *gorm.DB) string {
		return plucked(db.Model(&pathUser{}).Distinct(), "age")
	}},
	{name: "Group and Having", shows: "ann bob dan", run: func(_ *testing.T, db *gorm.DB) string {
		return plucked(db.Model(&pathUser{}).Group("name").Having("count(*) = 1 OR name = ?", "cid"), "name")
	}},
	{name: "FindInBatches", shows: liveUsers, run: func(_ *testing.T, db *gorm.DB) string {
		var batch, all []pathUser
		pathDone(db.Where("age > 0").FindInBatches(&batch, 2, func(*gorm.DB, int) error {
			all = append(all, batch...)
			return nil
		}))
		return userNames(all)
	}},
	{name: "FirstOrInit of a deleted row's values", shows: "0 cid", run: func(_ *testing.T, db *gorm.DB) string {
		var user pathUser
		pathDone(db.Where(pathUser{Name: "cid"}).FirstOrInit(&user))
		return fmt.Sprint(user.ID, " ", user.Name)
	}},
	{name: "FirstOrInit keeps the values beside an OR", shows: "0 cid", run: func(_ *testing.T, db *gorm.DB) string {
		var user pathUser
		pathDone(db.Where("(age) = 30 or(age) = 40").Where(pathUser{Name: "cid"}).FirstOrInit(&user))
		return fmt.Sprint(user.ID, " ", user.Name)
	}},
	{name: "Unscoped", shows: allUsers, run: func(_ *testing.T, db *gorm.DB) string { return users(db.Unscoped()) }},
	{name: "WithDeleted", shows: allUsers, run: func(_ *testing.T, db *gorm.DB) string { return users(db.Clauses(softdelete.WithDeleted)) }},
	{name: "OnlyDeleted", shows: "cid", run: func(_ *testing.T, db *gorm.DB) string { return users(db.Clauses(softdelete.OnlyDeleted)) }},
	{name: "a status model", shows: "rex tom", run: func(_ *testing.T, db *gorm.DB) string { return plucked(db.Model(&pathPet{}), "name") }},
	{name: "OnlyDeleted of a status model", shows: "old", run: func(_ *testing.T, db *gorm.DB) string {
		return plucked(db.Model(&pathPet{}).Clauses(softdelete.OnlyDeleted), "name")
	}},
	{name: "a sub-query of a model", shows: "ann dan", run: func(_ *testing.T, db *gorm.DB) string {
		return users(db.Where("company_id IN (?)", db.Model(&pathCompany{}).Select("id")))
	}},
	{name: "a sub-query of a model in an Unscoped query", shows: "ann cid dan", run: func(_ *testing.T, db *gorm.DB) string {
		return users(db.Unscoped().Where("company_id IN (?)", db.Model(&pathCompany{}).Select("id")))
	}},
	{name: "a sub-query that is Unscoped", shows: liveUsers, run: func(_ *testing.T, db *gorm.DB) string {
		return users(db.Where("company_id IN (?)", db.Unscoped().Model(&pathCompany{}).Select("id")))
	}},
	{name: "a sub-query of a model with an OR that GORM does not see", shows: "ann dan", run: func(_ *testing.T, db *gorm.DB) string {
		return users(db.Where("company_id IN (?)", db.Model(&pathCompany{}).Where("id = 1\nOR\nid = 2 or(id = 3)").Select("id")))
	}},
	{name: "a sub-query of a table is not rewritten", shows: liveUsers, run: func(_ *testing.T, db *gorm.DB) string {
		return users(db.Where("company_id IN (?)", db.Table("path_companies").Select("id")))
	}},
	{name: "a sub-query of a table with Live", shows: "ann dan", run: func(_ *testing.T, db *gorm.DB) string {
		companies := db.Table("path_companies").Where(softdelete.Live("path_companies", &pathCompany{})).Select("id")
		return users(db.Where("company_id IN (?)", companies))
	}},
	{name: "FOR UPDATE", shows: liveUsers, run: func(_ *testing.T, db *gorm.DB) string {
		return users(db.Clauses(clause.Locking{Strength: "UPDATE"}))
	}},
}

func smallNames(found []pathUserName) string {
	names := make([]string, len(found))
	for i, user := range found {
		names[i] = user.Name
	}
	return sorted(names)
}

func mapNames(found []map[string]any) string {
	names := make([]string, len(found))
	for i, user := range found {
		names[i] = user["name"].(string)
	}
	return sorted(names)
}

// pathConditions are conditions whose OR must not let deleted rows through: 30 is the age of ann and of cid, who is deleted.
var pathConditions = []path{
	condition("Or", "ann bob", func(db *gorm.DB) *gorm.DB { return db.Where("age = ?", 30).Or("age = ?", 40) }),
	condition("Or alone", "ann", func(db *gorm.DB) *gorm.DB { return db.Or("age = ?", 30) }),
	condition("Or, Where", "ann bob", func(db *gorm.DB) *gorm.DB { return db.Or("age = 30").Or("age = 40").Where("name = 'bob'") }),
	condition("Or of a group", "ann bob", func(db *gorm.DB) *gorm.DB {
		return db.Where("age = 30").Or(db.Where("age = 40").Where("name = 'bob'"))
	}),
	condition("a raw OR", "ann bob", func(db *gorm.DB) *gorm.DB { return db.Where("age = ? OR age = ?", 30, 40) }),
	condition("a raw OR between newlines", "ann bob", func(db *gorm.DB) *gorm.DB { return db.Where("age = ?\nOR\nage = ?", 30, 40) }),
	condition("a raw OR between tabs", "ann bob", func(db *gorm.DB) *gorm.DB { return db.Where("age = ?\tor\tage = ?", 30, 40) }),
	condition("a raw OR before a parenthesis", "ann bob", func(db *gorm.DB) *gorm.DB { return db.Where("age = ? or(age = ?)", 30, 40) }),
	condition("a raw OR after a parenthesis", "ann bob", func(db *gorm.DB) *gorm.DB { return db.Where("(age = ?)OR age = ?", 30, 40) }),
	condition("a raw OR between comments", "ann bob", func(db *gorm.DB) *gorm.DB { return db.Where("age = ?/**/OR/**/age = ?", 30, 40) }),
	condition("a raw OR with named values", "ann bob", func(db *gorm.DB) *gorm.DB {
		return db.Where("age = @a\nOR\nage = @b", map[string]any{"a": 30, "b": 40})
	}),
	condition("a raw OR inside Not", "bob dan", func(db *gorm.DB) *gorm.DB { return db.Not("age = 20\nOR\nage = 30") }),
	condition("a raw OR inside a group", "ann bob", func(db *gorm.DB) *gorm.DB {
		return db.Where(db.Where("age = 30\nOR\nage = 40"))
	}),
	condition("a raw OR inside clause.And", "ann bob", func(db *gorm.DB) *gorm.DB {
		return db.Where(clause.AndConditions{Exprs: []clause.Expression{
			clause.AndConditions{Exprs: []clause.Expression{clause.Expr{SQL: "age = 30 OR age = 40"}}},
		}})
	}),
	condition("a raw OR in an expression that is a value", "ann bob", func(db *gorm.DB) *gorm.DB {
		return db.Where("?", gorm.Expr("age = 30 OR age = 40"))
	}),
	condition("a raw OR in an expression that a column is compared with", "ann bob", func(db *gorm.DB) *gorm.DB {
		return db.Where(map[string]any{"age": gorm.Expr("30 OR age = 40")})
	}),
	condition("a raw OR in an expression of the caller's own type", "ann bob", func(db *gorm.DB) *gorm.DB {
		return db.Where(pathExpression("age = 30 OR age = 40"))
	}),
	condition("a raw OR in a raw column", "ann bob", func(db *gorm.DB) *gorm.DB {
		return db.Where(clause.Eq{Column: clause.Column{Name: "age = 30 OR age", Raw: true}, Value: 40})
	}),
	condition("a raw condition that ends in a comment", "ann", func(db *gorm.DB) *gorm.DB { return db.Where("age = 30 -- thirty") }),
	condition("a raw OR in a scope", "ann bob", func(db *gorm.DB) *gorm.DB {
		return db.Scopes(func(tx *gorm.DB) *gorm.DB { return tx.Where("age = 30\nor\nage = 40") })
	}),
	{name: "a raw OR as Find's condition", shows: "ann bob", run: func(_ *testing.T, db *gorm.DB) string {
		var found []pathUser
		pathDone(db.Find(&found, "age = 30\nOR\nage = 40"))
		return userNames(found)
	}},
	{name: "a raw OR on a status model", shows: "rex", run: func(_ *testing.T, db *gorm.DB) string {
		return plucked(db.Model(&pathPet{}).Where("name = 'old'\nOR\nname = 'rex'"), "name")
	}},
}

func condition(name, shows string, narrow func(*gorm.DB) *gorm.DB) path {
	return path{name: name, shows: shows, run: func(_ *testing.T, db *gorm.DB) string { return users(narrow(db)) }}
}

// pathExpression is an expression that the plugin does not know.
type pathExpression string

func (e pathExpression) Build(builder clause.Builder) { builder.WriteString(string(e)) }
