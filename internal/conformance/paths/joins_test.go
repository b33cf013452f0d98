package paths_test

import (
	"slices"
	"strings"
	"testing"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
)

func joining(name, shows string, join func(*gorm.DB) *gorm.DB) path {
	return path{name: name, shows: shows, run: func(_ *testing.T, db *gorm.DB) string { return found(join(db)) }}
}

var pathJoins = []path{
	joining("Joins", "ann/acme bob dan/core", func(db *gorm.DB) *gorm.DB { return db.Joins("Company") }),
	joining("InnerJoins", "ann/acme dan/core", func(db *gorm.DB) *gorm.DB { return db.InnerJoins("Company") }),
	joining("Joins of a nested relation", "ann/acme/olga bob dan/core", func(db *gorm.DB) *gorm.DB {
		return db.Joins("Company.Owner")
	}),
	joining("Joins of a relation and a nested one", "ann/acme/olga bob dan/core", func(db *gorm.DB) *gorm.DB {
		return db.Joins("Company").Joins("Company.Owner")
	}),
	joining("Joins with a condition", "ann bob dan/core", func(db *gorm.DB) *gorm.DB {
		return db.Joins("Company", db.Where(&pathCompany{Name: "core"}))
	}),
	joining("Joins with Or", "ann/acme bob dan", func(db *gorm.DB) *gorm.DB {
		return db.Joins("Company", db.Where(inQuotes(db, `"Company"."id" = 1`)).Or(inQuotes(db, `"Company"."id" = 2`)))
	}),
	joining("Joins with a raw OR between newlines", "ann/acme bob dan", func(db *gorm.DB) *gorm.DB {
		return db.Joins("Company", db.Where(inQuotes(db, "\"Company\".\"id\" = ?\nOR\n\"Company\".\"id\" = ?"), 1, 2))
	}),
	joining("InnerJoins with Or", "ann/acme", func(db *gorm.DB) *gorm.DB {
		return db.InnerJoins("Company", db.Where(inQuotes(db, `"Company"."id" = 1`)).Or(inQuotes(db, `"Company"."id" = 2`)))
	}),
	joining("Joins and a raw OR of the statement's own", "ann/acme bob", func(db *gorm.DB) *gorm.DB {
		return db.Joins("Company").Where("path_users.age = 30\nOR\npath_users.age = 40")
	}),
	joining("Joins with Unscoped", "ann/acme bob/bust dan/core", func(db *gorm.DB) *gorm.DB { return db.Joins("Company", db.Unscoped()) }),
	joining("Joins with Unscoped and a condition", "ann bob/bust dan", func(db *gorm.DB) *gorm.DB {
		return db.Joins("Company", db.Unscoped().Where(&pathCompany{Name: "bust"}))
	}),
	joining("Joins of a nested relation with Unscoped", "ann/acme/olga bob dan/core/otto", func(db *gorm.DB) *gorm.DB {
		return db.Joins("Company").Joins("Company.Owner", db.Unscoped())
	}),
	joining("Joins with WithDeleted", "ann/acme bob/bust dan/core", func(db *gorm.DB) *gorm.DB {
		return db.Joins("Company", db.Clauses(softdelete.WithDeleted))
	}),
	joining("WithDeletedIn, Joins", "ann/acme bob/bust dan/core", func(db *gorm.DB) *gorm.DB {
		return db.Clauses(softdelete.WithDeletedIn("Company")).Joins("Company")
	}),
	joining("WithDeletedIn of a nested relation, Joins", "ann/acme/olga bob dan/core/otto", func(db *gorm.DB) *gorm.DB {
		return db.Clauses(softdelete.WithDeletedIn("Company.Owner")).Joins("Company.Owner")
	}),
	joining("WithDeletedIn of both, Joins", "ann/acme/olga bob/bust/olga dan/core/otto", func(db *gorm.DB) *gorm.DB {
		return db.Clauses(softdelete.WithDeletedIn("Company", "Company.Owner")).Joins("Company.Owner")
	}),
	joining("Unscoped, Joins", "ann/acme bob/bust cid/acme dan/core", func(db *gorm.DB) *gorm.DB { return db.Unscoped().Joins("Company") }),
	joining("WithDeleted, Joins", "ann/acme bob/bust cid/acme dan/core", func(db *gorm.DB) *gorm.DB {
		return db.Clauses(softdelete.WithDeleted).Joins("Company")
	}),
	joining("OnlyDeleted, Joins", "cid/acme", func(db *gorm.DB) *gorm.DB { return db.Clauses(softdelete.OnlyDeleted).Joins("Company") }),
	{name: "Count of Joins", shows: "2", run: func(_ *testing.T, db *gorm.DB) string {
		return count(db.Model(&pathUser{}).InnerJoins("Company"))
	}},
	{name: "First of Joins", shows: "bob ", run: func(_ *testing.T, db *gorm.DB) string {
		var user pathUser
		pathDone(db.Joins("Company").First(&user, 2))
		if user.Company == nil {
			return user.Name + " "
		}
		return user.Name + " " + user.Company.Name
	}},
	{name: "Pluck of Joins", shows: "acme core", run: func(_ *testing.T, db *gorm.DB) string {
		return plucked(db.Model(&pathUser{}).InnerJoins("Company"), inQuotes(db, `"Company"."name"`))
	}},
	{name: "a join as text is not rewritten", shows: "acme bust core", run: func(_ *testing.T, db *gorm.DB) string {
		return plucked(db.Model(&pathUser{}).Joins("JOIN path_companies c ON c.id = path_users.company_id"), "c.name")
	}},
	{name: "a join as text with Live", shows: "acme core", run: func(_ *testing.T, db *gorm.DB) string {
		live := softdelete.Live("c", &pathCompany{})
		return plucked(db.Model(&pathUser{}).Joins("JOIN path_companies c ON c.id = path_users.company_id AND ?", live), "c.name")
	}},
	{name: "a join as text with an OR and Live", shows: "acme core", run: func(_ *testing.T, db *gorm.DB) string {
		live := softdelete.Live("c", &pathCompany{})
		return plucked(db.Model(&pathUser{}).Joins("JOIN path_companies c ON (c.id = path_users.company_id OR c.id = 0) AND ?", live), "c.name")
	}},
	{name: "a join as text of links with Live", shows: "admin", run: func(_ *testing.T, db *gorm.DB) string {
		return plucked(db.Model(&pathUser{}).Where("path_users.id = 1").
			Joins("JOIN path_user_roles l ON l.path_user_id = path_users.id AND ?", softdelete.Live("l", &pathUserRole{})).
			Joins("JOIN path_roles r ON r.id = l.path_role_id AND ?", softdelete.Live("r", &pathRole{})), "r.name")
	}},
	{name: "a clause.Join with Live", shows: "acme core", run: func(_ *testing.T, db *gorm.DB) string {
		return plucked(db.Model(&pathUser{}).Clauses(clause.From{Joins: []clause.Join{{
			Table: clause.Table{Name: "path_companies", Alias: "c"},
			ON: clause.Where{Exprs: []clause.Expression{
				clause.Eq{Column: clause.Column{Table: "c", Name: "id"}, Value: clause.Column{Table: "path_users", Name: "company_id"}},
				softdelete.Live("c", &pathCompany{}),
			}},
		}}}), "c.name")
	}},
}

// pathTables name the table in their own way.
var pathTables = []path{
	condition("Table with an alias", liveUsers, func(db *gorm.DB) *gorm.DB { return db.Table("path_users u") }),
	condition("Table with AS", liveUsers, func(db *gorm.DB) *gorm.DB { return db.Table("path_users AS u") }),
	condition("Table with an alias, and a condition on it", "ann", func(db *gorm.DB) *gorm.DB {
		return db.Table("path_users AS u").Where("u.age = 30")
	}),
	{name: "Table with an alias, and a model", shows: "3", run: func(_ *testing.T, db *gorm.DB) string {
		return count(db.Model(&pathUser{}).Table("path_users u"))
	}},
	condition("Table with a quoted alias", liveUsers, func(db *gorm.DB) *gorm.DB { return db.Table(inQuotes(db, `"path_users" "u"`)) }),
	condition("Table with AS and a quoted alias", liveUsers, func(db *gorm.DB) *gorm.DB { return db.Table(inQuotes(db, `"path_users" AS "u"`)) }),
	condition("Table with AS in lower case and a quoted alias", liveUsers, func(db *gorm.DB) *gorm.DB { return db.Table(inQuotes(db, `path_users as "u"`)) }),
	condition("Table with a quoted alias of several words", liveUsers, func(db *gorm.DB) *gorm.DB { return db.Table(inQuotes(db, `"path_users" AS "the users"`)) }),
	{name: "First of Table with a quoted alias", shows: "ann", run: func(_ *testing.T, db *gorm.DB) string {
		return oneUser(db.Table(inQuotes(db, `"path_users" AS "u"`)).First)
	}},
	condition("Table of a sub-query", liveUsers, func(db *gorm.DB) *gorm.DB { return db.Table("(?) AS u", db.Model(&pathUser{})) }),
	condition("Unscoped Table of a sub-query without the deletion column", liveUsers, func(db *gorm.DB) *gorm.DB {
		return db.Unscoped().Table("(?) AS u", db.Model(&pathUser{}).Select("id", "name"))
	}),
	condition("Table of a sub-query with a quoted alias", "ann", func(db *gorm.DB) *gorm.DB {
		return db.Table(inQuotes(db, `(?) AS "u"`), db.Model(&pathUser{}).Select("id", "name", "age", "deleted_at")).Where("age = 30")
	}),
	condition("Table of an Unscoped sub-query", liveUsers, func(db *gorm.DB) *gorm.DB {
		return db.Table("(?) AS u", db.Unscoped().Model(&pathUser{}))
	}),
	condition("Table of a sub-query beside another", liveUsers, func(db *gorm.DB) *gorm.DB {
		return db.Table("(?) as u, (?) as c", db.Unscoped().Model(&pathUser{}), db.Model(&pathCompany{}).Where("id = 1").Select("id AS cid")).Select("u.*")
	}),
	condition("OnlyDeleted, Table of an Unscoped sub-query", "cid", func(db *gorm.DB) *gorm.DB {
		return db.Clauses(softdelete.OnlyDeleted).Table("(?) AS u", db.Unscoped().Model(&pathUser{}))
	}),
	condition("WithDeleted, Table of an Unscoped sub-query", allUsers, func(db *gorm.DB) *gorm.DB {
		return db.Clauses(softdelete.WithDeleted).Table("(?) AS u", db.Unscoped().Model(&pathUser{}))
	}),
	condition("Unscoped, OnlyDeleted", "cid", func(db *gorm.DB) *gorm.DB { return db.Unscoped().Clauses(softdelete.OnlyDeleted) }),
	condition("Table of a sub-query without a model", liveUsers, func(db *gorm.DB) *gorm.DB {
		return db.Table("(?) AS u", db.Table("path_users"))
	}),
	condition("Table of a raw sub-query", liveUsers, func(db *gorm.DB) *gorm.DB {
		return db.Table("(?) AS u", db.Raw("SELECT * FROM path_users"))
	}),
	condition("Table of the users beside another", liveUsers, func(db *gorm.DB) *gorm.DB {
		return db.Table("path_users, path_companies AS c").Where("c.id = 1").Select("path_users.*")
	}),
	condition("Table of the users with a join", "ann dan", func(db *gorm.DB) *gorm.DB {
		return db.Table("path_users JOIN path_companies AS c ON c.id = path_users.company_id").Where("c.deleted_at IS NULL").Select("path_users.*")
	}),
	condition("Table of the users behind another", "ann", func(db *gorm.DB) *gorm.DB {
		return db.Table("path_companies AS c, path_users").Where("c.id = 1 AND age = 30").Select("path_users.*")
	}),
	condition("Table of the users joined to another", "ann dan", func(db *gorm.DB) *gorm.DB {
		return db.Table("path_companies c JOIN path_users u ON c.id = u.company_id").Where("c.deleted_at IS NULL").Select("u.*")
	}),
	condition("Table of the users joined to another, quoted", "ann dan", func(db *gorm.DB) *gorm.DB {
		return db.Table(inQuotes(db, `"path_companies" AS "c" LEFT JOIN "path_users" AS "u" ON "c"."id" = "u"."company_id"`)).Where("c.deleted_at IS NULL").Select("u.*")
	}),
	condition("Table of the users behind a sub-query", "ann", func(db *gorm.DB) *gorm.DB {
		companies := db.Model(&pathCompany{}).Where("id = 1").Select("id AS cid")
		return db.Table("(?) AS c JOIN path_users AS u ON u.company_id = c.cid", companies).Select("u.*")
	}),
	condition("Table of the users beside a sub-query", liveUsers, func(db *gorm.DB) *gorm.DB {
		return db.Table("path_users AS u, (?) AS c", db.Model(&pathCompany{}).Where("id = 1").Select("id AS cid")).Select("u.*")
	}),
	{name: "Table without a model is not rewritten: maps", shows: allUsers, run: func(_ *testing.T, db *gorm.DB) string {
		var found []map[string]any
		pathDone(db.Table("path_users").Find(&found))
		return mapNames(found)
	}},
	{name: "Table without a model is not rewritten: a smaller struct", shows: allUsers, run: func(_ *testing.T, db *gorm.DB) string {
		var found []pathUserName
		pathDone(db.Table("path_users").Find(&found))
		return smallNames(found)
	}},
	{name: "Table without a model is not rewritten: Count", shows: "4", run: func(_ *testing.T, db *gorm.DB) string {
		return count(db.Table("path_users"))
	}},
	{name: "Table without a model, with Live", shows: liveUsers, run: func(_ *testing.T, db *gorm.DB) string {
		return plucked(db.Table("path_users").Where(softdelete.Live("path_users", &pathUser{})), "name")
	}},
	{name: "Table without a model, with Live beside an OR", shows: "ann bob", run: func(_ *testing.T, db *gorm.DB) string {
		return plucked(db.Table("path_users AS u").Where("age = 30 OR age = 40").Where(softdelete.Live("u", &pathUser{})), "name")
	}},
	{name: "Table without a model, with Live inside Not", shows: "cid", run: func(_ *testing.T, db *gorm.DB) string {
		return plucked(db.Table("path_users").Not(softdelete.Live("path_users", &pathUser{})), "name")
	}},
	{name: "Raw is not rewritten", shows: allUsers, run: func(_ *testing.T, db *gorm.DB) string {
		var found []pathUser
		pathDone(db.Raw("SELECT * FROM path_users").Scan(&found))
		return userNames(found)
	}},
	{name: "Raw and Find is not rewritten", shows: allUsers, run: func(_ *testing.T, db *gorm.DB) string {
		return users(db.Raw("SELECT * FROM path_users"))
	}},
	{name: "Raw with Live", shows: liveUsers, run: func(_ *testing.T, db *gorm.DB) string {
		var found []pathUser
		pathDone(db.Raw("SELECT * FROM path_users u WHERE ?", softdelete.Live("u", &pathUser{})).Scan(&found))
		return userNames(found)
	}},
	{
		name: "Exec is not rewritten", shows: "4", run: func(_ *testing.T, db *gorm.DB) string {
			return affected(db.Exec("UPDATE path_users SET age = age + ?", 1))
		},
		changes: []string{
			"-user 1 ann a1 30", "-user 2 bob b2 40", "-user 3 cid c3 30 deleted", "-user 4 dan d4 50",
			"+user 1 ann a1 31", "+user 2 bob b2 41", "+user 3 cid c3 31 deleted", "+user 4 dan d4 51",
		},
	},
	{
		name: "Exec with Live", shows: "1", run: func(_ *testing.T, db *gorm.DB) string {
			return affected(db.Exec("UPDATE path_users SET age = ? WHERE age = ? AND ?", 31, 30, softdelete.Live("path_users", &pathUser{})))
		},
		changes: []string{"-user 1 ann a1 30", "+user 1 ann a1 31"},
	},
	{
		name: "Delete from Table without a model is not rewritten", shows: "1", run: func(_ *testing.T, db *gorm.DB) string {
			return affected(db.Table("path_pets").Where("id = 3").Delete(nil))
		},
		changes: []string{"-pet 3 tom of 2 here"},
	},
	{
		name: "Delete from Table of a smaller struct is not rewritten", shows: "1", run: func(_ *testing.T, db *gorm.DB) string {
			return affected(db.Table("path_users").Where("id = 4").Delete(&pathUserName{}))
		},
		changes: []string{"-user 4 dan d4 50"},
	},
	{
		name: "Delete of a model from Table", shows: "1", run: func(_ *testing.T, db *gorm.DB) string {
			return affected(db.Table("path_users").Where("id = 4").Delete(&pathUser{}))
		},
		changes: []string{"-user 4 dan d4 50", "+user 4 dan d4 50 deleted"},
	},
	{
		name: "Update of Table without a model is not rewritten", shows: "2", run: func(_ *testing.T, db *gorm.DB) string {
			return affected(db.Table("path_users").Where("age = 30").Update("age", 31))
		},
		changes: []string{
			"-user 1 ann a1 30", "-user 3 cid c3 30 deleted", "+user 1 ann a1 31", "+user 3 cid c3 31 deleted",
		},
	},
}

// pathPreloads load relations in statements of their own.
var pathPreloads = []path{
	preloading("Preload of a belongs-to", "ann/acme bob dan/core", func(db *gorm.DB) *gorm.DB { return db.Preload("Company") }),
	preloading("Preload of a nested relation", "ann/acme/olga bob dan/core", func(db *gorm.DB) *gorm.DB { return db.Preload("Company.Owner") }),
	preloading("Preload of a has-many", "ann:rex bob:tom dan", func(db *gorm.DB) *gorm.DB { return db.Preload("Pets") }),
	preloading("Preload of a many2many", "ann+admin bob+admin dan", func(db *gorm.DB) *gorm.DB { return db.Preload("Roles") }),
	preloading("Preload of all associations", "ann/acme:rex+admin bob:tom+admin dan/core", func(db *gorm.DB) *gorm.DB {
		return db.Preload(clause.Associations)
	}),
	preloading("Preload with a raw OR between newlines", "ann:rex bob dan", func(db *gorm.DB) *gorm.DB {
		return db.Preload("Pets", "name = 'rex'\nOR\nname = 'old'")
	}),
	preloading("Preload of a many2many with a raw OR", "ann+admin bob+admin dan", func(db *gorm.DB) *gorm.DB {
		return db.Preload("Roles", "name = 'admin' or(name <> '')")
	}),
	preloading("Preload with a function with Or", "ann:rex bob dan", func(db *gorm.DB) *gorm.DB {
		return db.Preload("Pets", func(tx *gorm.DB) *gorm.DB { return tx.Where("name = 'rex'").Or("name = 'old'") })
	}),
	preloading("Unscoped, Preload", "ann/acme/olga bob/bust/olga cid/acme/olga dan/core/otto", func(db *gorm.DB) *gorm.DB {
		return db.Unscoped().Preload("Company.Owner")
	}),
	preloading("Unscoped, Preload of a many2many", "ann+admin+reader+retired bob+admin cid+admin dan", func(db *gorm.DB) *gorm.DB {
		return db.Unscoped().Preload("Roles")
	}),
	preloading("WithDeleted, Preload of a many2many", "ann+admin+reader+retired bob+admin cid+admin dan", func(db *gorm.DB) *gorm.DB {
		return db.Clauses(softdelete.WithDeleted).Preload("Roles")
	}),
	preloading("OnlyDeleted, Preload", "cid/acme+admin", func(db *gorm.DB) *gorm.DB {
		return db.Clauses(softdelete.OnlyDeleted).Preload("Company").Preload("Roles")
	}),
	preloading("WithDeletedIn, Preload", "ann:old:rex bob:tom dan/core", func(db *gorm.DB) *gorm.DB {
		return db.Clauses(softdelete.WithDeletedIn("Pets")).Preload("Pets").Preload("Company", "name = 'core'")
	}),
	preloading("WithDeletedIn, Preload of a many2many", "ann+admin+reader+retired bob+admin dan", func(db *gorm.DB) *gorm.DB {
		return db.Clauses(softdelete.WithDeletedIn("Roles")).Preload("Roles")
	}),
	preloading("WithDeletedIn of a nested relation, Preload", "ann/acme/olga bob dan/core/otto", func(db *gorm.DB) *gorm.DB {
		return db.Clauses(softdelete.WithDeletedIn("Company.Owner")).Preload("Company.Owner")
	}),
	preloading("Preload with a function that is Unscoped", "ann:old:rex bob:tom dan", func(db *gorm.DB) *gorm.DB {
		return db.Preload("Pets", func(tx *gorm.DB) *gorm.DB { return tx.Unscoped() })
	}),
	preloading("Preload with a function WithDeleted", "ann:old:rex bob:tom dan", func(db *gorm.DB) *gorm.DB {
		return db.Preload("Pets", func(tx *gorm.DB) *gorm.DB { return tx.Clauses(softdelete.WithDeleted) })
	}),
	preloading("Preload with a function OnlyDeleted", "ann:old bob dan", func(db *gorm.DB) *gorm.DB {
		return db.Preload("Pets", func(tx *gorm.DB) *gorm.DB { return tx.Clauses(softdelete.OnlyDeleted) })
	}),
	// GORM reads the links before it calls the function: deleted roles show, deleted links do not.
	preloading("Preload of all associations with a function that is Unscoped", "ann/acme:old:rex+admin+retired bob/bust:tom+admin dan/core", func(db *gorm.DB) *gorm.DB {
		return db.Preload(clause.Associations, func(tx *gorm.DB) *gorm.DB { return tx.Unscoped() })
	}),
	preloading("Joins and Preload", "ann/acme/olga bob dan/core", func(db *gorm.DB) *gorm.DB { return db.Joins("Company").Preload("Company.Owner") }),
}

func preloading(name, shows string, preload func(*gorm.DB) *gorm.DB) path {
	return path{name: name, shows: shows, run: func(_ *testing.T, db *gorm.DB) string { return found(preload(db)) }}
}

// found finds users and gives each with its company and that company's owner (/), its pets (:) and its roles (+), as far as
// they are loaded.
func found(tx *gorm.DB) string { return usersAs(tx, withRelations) }

func withRelations(user pathUser) string {
	text := user.Name
	if user.Company != nil {
		text += "/" + user.Company.Name
		if user.Company.Owner != nil {
			text += "/" + user.Company.Owner.Name
		}
	}
	for _, pet := range sortedBy(user.Pets, func(p pathPet) string { return p.Name }) {
		text += ":" + pet.Name
	}
	for _, role := range sortedBy(user.Roles, func(r pathRole) string { return r.Name }) {
		text += "+" + role.Name
	}
	return text
}

func sortedBy[T any](items []T, name func(T) string) []T {
	return slices.SortedFunc(slices.Values(items), func(a, b T) int { return strings.Compare(name(a), name(b)) })
}
