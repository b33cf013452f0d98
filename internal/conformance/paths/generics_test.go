package paths_test

import (
	"fmt"
	"testing"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
)

// generic goes a path through gorm.G.
func generic(name, shows string, run func(t *testing.T, db *gorm.DB) (string, error), changes ...string) path {
	return path{name: name, shows: shows, changes: changes, run: func(t *testing.T, db *gorm.DB) string {
		shown, err := run(t, db)
		pathCheck(err)
		return shown
	}}
}

func gUsers(found []pathUser, err error) (string, error)    { return textsOf(found, withRelations), err }
func gUser(user pathUser, err error) (string, error)        { return user.Name, err }
func gNumber[T int | int64](n T, err error) (string, error) { return fmt.Sprint(n), err }

var pathGenerics = []path{
	generic("G Find", liveUsers, func(t *testing.T, db *gorm.DB) (string, error) { return gUsers(gorm.G[pathUser](db).Find(t.Context())) }),
	generic("G First", "ann", func(t *testing.T, db *gorm.DB) (string, error) {
		return gUser(gorm.G[pathUser](db).Where("age = ?", 30).First(t.Context()))
	}),
	generic("G Last", "ann", func(t *testing.T, db *gorm.DB) (string, error) {
		return gUser(gorm.G[pathUser](db).Where("age = ?", 30).Last(t.Context()))
	}),
	generic("G Take with a raw OR between newlines", "ann", func(t *testing.T, db *gorm.DB) (string, error) {
		return gUser(gorm.G[pathUser](db).Where("name = 'cid'\nOR\nname = 'ann'").Order("id DESC").Take(t.Context()))
	}),
	generic("G Where and Or", "ann bob", func(t *testing.T, db *gorm.DB) (string, error) {
		return gUsers(gorm.G[pathUser](db).Where("age = 30").Or("age = 40").Find(t.Context()))
	}),
	generic("G Count", "3", func(t *testing.T, db *gorm.DB) (string, error) {
		return gNumber(gorm.G[pathUser](db).Count(t.Context(), "*"))
	}),
	generic("G Rows", liveUsers, func(t *testing.T, db *gorm.DB) (string, error) {
		return scanned(gorm.G[pathUser](db).Select("name").Rows(t.Context())), nil
	}),
	generic("G Row", "3", func(t *testing.T, db *gorm.DB) (string, error) {
		var n int
		err := gorm.G[pathUser](db).Select("count(*)").Row(t.Context()).Scan(&n)
		return fmt.Sprint(n), err
	}),
	generic("G Scan", liveUsers, func(t *testing.T, db *gorm.DB) (string, error) {
		var found []pathUserName
		err := gorm.G[pathUser](db).Select("id, name").Scan(t.Context(), &found)
		return smallNames(found), err
	}),
	generic("G FindInBatches", liveUsers, func(t *testing.T, db *gorm.DB) (string, error) {
		var all []pathUser
		err := gorm.G[pathUser](db).Where("age > 0").FindInBatches(t.Context(), 2, func(batch []pathUser, _ int) error {
			all = append(all, batch...)
			return nil
		})
		return userNames(all), err
	}),
	generic("G Joins", "ann/acme dan/core", func(t *testing.T, db *gorm.DB) (string, error) {
		return gUsers(gorm.G[pathUser](db).Joins(clause.Has("Company"), nil).Find(t.Context()))
	}),
	generic("G Joins, left", "ann/acme bob dan/core", func(t *testing.T, db *gorm.DB) (string, error) {
		return gUsers(gorm.G[pathUser](db).Joins(clause.LeftJoin.Association("Company"), nil).Find(t.Context()))
	}),
	generic("G Joins, inner", "ann/acme dan/core", func(t *testing.T, db *gorm.DB) (string, error) {
		return gUsers(gorm.G[pathUser](db).Joins(clause.InnerJoin.Association("Company"), nil).Find(t.Context()))
	}),
	generic("G Joins with an alias and a raw OR", "ann/acme", func(t *testing.T, db *gorm.DB) (string, error) {
		return gUsers(gorm.G[pathUser](db).Joins(clause.InnerJoin.Association("Company").As("c"),
			func(on gorm.JoinBuilder, joined, _ clause.Table) error {
				on.Where("c.name = ?\nOR\nc.name = ?", "acme", "bust")
				return nil
			}).Find(t.Context()))
	}),
	generic("G Joins of a sub-query", "ann/acme dan/core", func(t *testing.T, db *gorm.DB) (string, error) {
		companies := gorm.G[pathCompany](db).Where("id > ?", 0)
		return gUsers(gorm.G[pathUser](db).Joins(clause.InnerJoin.AssociationFrom("Company", companies).As("c"),
			func(on gorm.JoinBuilder, joined, _ clause.Table) error {
				on.Where("c.id = path_users.company_id")
				return nil
			}).Find(t.Context()))
	}),
	generic("G Joins, WithDeletedIn", "ann/acme bob/bust dan/core", func(t *testing.T, db *gorm.DB) (string, error) {
		return gUsers(gorm.G[pathUser](db, softdelete.WithDeletedIn("Company")).Joins(clause.LeftJoin.Association("Company"), nil).Find(t.Context()))
	}),
	generic("G Preload", "ann:rex+admin bob:tom+admin dan", func(t *testing.T, db *gorm.DB) (string, error) {
		return gUsers(gorm.G[pathUser](db).Preload("Pets", nil).Preload("Roles", nil).Find(t.Context()))
	}),
	generic("G Preload with a raw OR", "ann:rex bob dan", func(t *testing.T, db *gorm.DB) (string, error) {
		return gUsers(gorm.G[pathUser](db).Preload("Pets", func(pets gorm.PreloadBuilder) error {
			pets.Where("name = 'rex'\nOR\nname = 'old'")
			return nil
		}).Find(t.Context()))
	}),
	generic("G Preload with LimitPerRecord", "ann:rex bob:tom dan", func(t *testing.T, db *gorm.DB) (string, error) {
		return gUsers(gorm.G[pathUser](db).Preload("Pets", func(pets gorm.PreloadBuilder) error {
			pets.LimitPerRecord(2)
			return nil
		}).Find(t.Context()))
	}),
	generic("G Preload with LimitPerRecord, WithDeletedIn", "ann:old:rex bob:tom dan", func(t *testing.T, db *gorm.DB) (string, error) {
		return gUsers(gorm.G[pathUser](db, softdelete.WithDeletedIn("Pets")).Preload("Pets", func(pets gorm.PreloadBuilder) error {
			pets.LimitPerRecord(2)
			return nil
		}).Find(t.Context()))
	}),
	generic("G of an Unscoped db is filtered all the same", liveUsers, func(t *testing.T, db *gorm.DB) (string, error) {
		return gUsers(gorm.G[pathUser](db.Unscoped()).Find(t.Context()))
	}),
	generic("G with a scope that is Unscoped", allUsers, func(t *testing.T, db *gorm.DB) (string, error) {
		return gUsers(gorm.G[pathUser](db).Scopes(func(stmt *gorm.Statement) { stmt.Unscoped = true }).Find(t.Context()))
	}),
	generic("G WithDeleted", "ann:old:rex bob:tom cid dan", func(t *testing.T, db *gorm.DB) (string, error) {
		return gUsers(gorm.G[pathUser](db, softdelete.WithDeleted).Preload("Pets", nil).Find(t.Context()))
	}),
	generic("G OnlyDeleted", "cid+admin", func(t *testing.T, db *gorm.DB) (string, error) {
		return gUsers(gorm.G[pathUser](db, softdelete.OnlyDeleted).Preload("Roles", nil).Find(t.Context()))
	}),
	generic("G WithDeleted Count", "4", func(t *testing.T, db *gorm.DB) (string, error) {
		return gNumber(gorm.G[pathUser](db, softdelete.WithDeleted).Count(t.Context(), "*"))
	}),
	generic("G Update", "1", func(t *testing.T, db *gorm.DB) (string, error) {
		return gNumber(gorm.G[pathUser](db).Where("age = ?", 30).Update(t.Context(), "age", 31))
	}, "-user 1 ann a1 30", "+user 1 ann a1 31"),
	generic("G Updates", "1", func(t *testing.T, db *gorm.DB) (string, error) {
		return gNumber(gorm.G[pathUser](db).Where("name = 'cid'\nOR\nname = 'ann'").Updates(t.Context(), pathUser{Age: 31}))
	}, "-user 1 ann a1 30", "+user 1 ann a1 31"),
	generic("G Set and Update", "1", func(t *testing.T, db *gorm.DB) (string, error) {
		return gNumber(gorm.G[pathUser](db).Where("age = ?", 30).
			Set(clause.Assignment{Column: clause.Column{Name: "age"}, Value: 31}).Update(t.Context()))
	}, "-user 1 ann a1 30", "+user 1 ann a1 31"),
	{name: "G Update WithDeleted", err: softdelete.ErrUnsupported, run: func(t *testing.T, db *gorm.DB) string {
		_, err := gorm.G[pathUser](db, softdelete.WithDeleted).Where("age = ?", 30).Update(t.Context(), "age", 31)
		pathCheck(err)
		return ""
	}},
	generic("G Delete", "1", func(t *testing.T, db *gorm.DB) (string, error) {
		return gNumber(gorm.G[pathUser](db).Where("age = ?", 30).Delete(t.Context()))
	}, "-user 1 ann a1 30", "+user 1 ann a1 30 deleted"),
	generic("G Delete of an Unscoped db", "1", func(t *testing.T, db *gorm.DB) (string, error) {
		return gNumber(gorm.G[pathUser](db.Unscoped()).Where("age = ?", 50).Delete(t.Context()))
	}, "-user 4 dan d4 50", "+user 4 dan d4 50 deleted"),
	generic("G Create", "", func(t *testing.T, db *gorm.DB) (string, error) {
		return "", gorm.G[pathRole](db).Create(t.Context(), &pathRole{ID: 9, Name: "writer"})
	}, "+role 9 writer"),
	{name: "G Create with an upsert that meets a deleted row", err: softdelete.ErrRowDeleted, run: func(t *testing.T, db *gorm.DB) string {
		pathCheck(gorm.G[pathRole](db, clause.OnConflict{UpdateAll: true}).Create(t.Context(), &pathRole{ID: 2, Name: "revived"}))
		return ""
	}},
	generic("G Set of a has-many, Unlink", "0", func(t *testing.T, db *gorm.DB) (string, error) {
		return gNumber(gorm.G[pathUser](db).Where("id = ?", 1).
			Set(clause.Association{Association: "Pets", Type: clause.OpUnlink}).Update(t.Context()))
	}, "-pet 1 rex of 1 here", "+pet 1 rex of nobody here"),
	generic("G Set of a has-many, Delete", "0", func(t *testing.T, db *gorm.DB) (string, error) {
		return gNumber(gorm.G[pathUser](db).Where("id = ?", 1).
			Set(clause.Association{Association: "Pets", Type: clause.OpDelete}).Update(t.Context()))
	}, "-pet 1 rex of 1 here", "+pet 1 rex of 1 gone"),
	generic("G Set of a many2many, Create of a deleted link", "0", func(t *testing.T, db *gorm.DB) (string, error) {
		return gNumber(gorm.G[pathUser](db).Where("id = ?", 1).
			Set(clause.Association{Association: "Roles", Type: clause.OpCreate, Values: []any{reader()}}).Update(t.Context()))
	}, "-link 1-3 deleted", "+link 1-3"),
	// GORM drops the owner's condition (generics.go:859, GORM 1.31): the statement unlinks every user, and can be taken back.
	generic("G Set of a many2many, Unlink", "0", func(t *testing.T, db *gorm.DB) (string, error) {
		return gNumber(gorm.G[pathUser](db).Where("id = ?", 1).
			Set(clause.Association{Association: "Roles", Type: clause.OpUnlink}).Update(t.Context()))
	}, "-link 1-1", "-link 1-2", "-link 2-1", "+link 1-1 deleted", "+link 1-2 deleted", "+link 2-1 deleted"),
}
