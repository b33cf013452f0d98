package paths_test

import (
	"fmt"
	"reflect"
	"testing"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
)

func writing(name, affects string, write func(*gorm.DB) *gorm.DB, changes ...string) path {
	return path{name: name, shows: affects, changes: changes, run: func(_ *testing.T, db *gorm.DB) string { return affected(write(db)) }}
}

// refused is a write that a deleted row stops; nothing of it is written.
func refused(name string, write func(*gorm.DB) *gorm.DB) path {
	return path{name: name, err: softdelete.ErrRowDeleted, run: func(_ *testing.T, db *gorm.DB) string { return affected(write(db)) }}
}

// cid is the deleted user, as it was before.
func cid() *pathUser { return &pathUser{ID: 3, Name: "cid", Badge: "c3", Age: 31} }

var pathWrites = []path{
	writing("Update by condition", "1", func(db *gorm.DB) *gorm.DB {
		return db.Model(&pathUser{}).Where("age = ?", 30).Update("age", 31)
	}, "-user 1 ann a1 30", "+user 1 ann a1 31"),
	writing("Update with a raw OR between newlines", "1", func(db *gorm.DB) *gorm.DB {
		return db.Model(&pathUser{}).Where("name = 'cid'\nOR\nname = 'ann'").Update("age", 31)
	}, "-user 1 ann a1 30", "+user 1 ann a1 31"),
	writing("Update with Or", "1", func(db *gorm.DB) *gorm.DB {
		return db.Model(&pathUser{}).Where("name = 'cid'").Or("name = 'ann'").Update("age", 31)
	}, "-user 1 ann a1 30", "+user 1 ann a1 31"),
	writing("Update of a deleted row", "0", func(db *gorm.DB) *gorm.DB { return db.Model(cid()).Update("age", 31) }),
	writing("Update of an Unscoped statement", "1", func(db *gorm.DB) *gorm.DB {
		return db.Unscoped().Model(cid()).Update("age", 31)
	}, "-user 3 cid c3 30 deleted", "+user 3 cid c3 31 deleted"),
	{name: "Update WithDeleted", err: softdelete.ErrUnsupported, run: func(_ *testing.T, db *gorm.DB) string {
		return affected(db.Clauses(softdelete.WithDeleted).Model(cid()).Update("age", 31))
	}},
	writing("Update of an Unscoped statement, OnlyDeleted", "1", func(db *gorm.DB) *gorm.DB {
		return db.Unscoped().Clauses(softdelete.OnlyDeleted).Model(&pathUser{}).Where("age = ?", 30).Update("age", 31)
	}, "-user 3 cid c3 30 deleted", "+user 3 cid c3 31 deleted"),
	writing("Updates of a deleted row with a struct", "0", func(db *gorm.DB) *gorm.DB { return db.Model(cid()).Updates(pathUser{Age: 31}) }),
	writing("Updates of a deleted row with a map", "0", func(db *gorm.DB) *gorm.DB {
		return db.Model(cid()).Updates(map[string]any{"age": 31})
	}),
	writing("Updates of a deleted row's value", "0", func(db *gorm.DB) *gorm.DB { return db.Updates(cid()) }),
	writing("UpdateColumn of a deleted row", "0", func(db *gorm.DB) *gorm.DB { return db.Model(cid()).UpdateColumn("age", 31) }),
	writing("UpdateColumns of a deleted row", "0", func(db *gorm.DB) *gorm.DB { return db.Model(cid()).UpdateColumns(pathUser{Age: 31}) }),
	writing("Update of the deletion column of a deleted row", "0", func(db *gorm.DB) *gorm.DB {
		return db.Model(cid()).Update("deleted_at", nil)
	}),
	writing("Update of the status of a deleted row", "0", func(db *gorm.DB) *gorm.DB {
		return db.Model(&pathPet{ID: 2}).Update("status", "here")
	}),
	writing("Update with AllowGlobalUpdate", "3", func(db *gorm.DB) *gorm.DB {
		return db.Session(&gorm.Session{AllowGlobalUpdate: true}).Model(&pathUser{}).Update("age", 1)
	}, "-user 1 ann a1 30", "-user 2 bob b2 40", "-user 4 dan d4 50", "+user 1 ann a1 1", "+user 2 bob b2 1", "+user 4 dan d4 1"),
	{name: "Update without conditions", err: gorm.ErrMissingWhereClause, run: func(_ *testing.T, db *gorm.DB) string {
		return affected(db.Model(&pathUser{}).Update("age", 1))
	}},
	writing("Update of Table with an alias", "1", func(db *gorm.DB) *gorm.DB {
		return db.Table("path_users AS u").Where("u.age = 30").Model(&pathUser{}).Update("age", 31)
	}, "-user 1 ann a1 30", "+user 1 ann a1 31"),
	writing("Update of Table with a quoted alias", "1", func(db *gorm.DB) *gorm.DB {
		return db.Table(inQuotes(db, `"path_users" AS "u"`)).Where("u.age = 30").Model(&pathUser{}).Update("age", 31)
	}, "-user 1 ann a1 30", "+user 1 ann a1 31"),

	writing("Delete", "1", func(db *gorm.DB) *gorm.DB { return db.Delete(ann()) }, "-user 1 ann a1 30", "+user 1 ann a1 30 deleted"),
	writing("Delete of a deleted row", "0", func(db *gorm.DB) *gorm.DB { return db.Delete(cid()) }),
	writing("Delete by condition", "1", func(db *gorm.DB) *gorm.DB {
		return db.Where("age = ?", 30).Delete(&pathUser{})
	}, "-user 1 ann a1 30", "+user 1 ann a1 30 deleted"),
	writing("Delete with a raw OR between newlines", "1", func(db *gorm.DB) *gorm.DB {
		return db.Where("name = 'cid'\nOR\nname = 'ann'").Delete(&pathUser{})
	}, "-user 1 ann a1 30", "+user 1 ann a1 30 deleted"),
	writing("Delete with Or", "1", func(db *gorm.DB) *gorm.DB {
		return db.Where("name = 'cid'").Or("name = 'ann'").Delete(&pathUser{})
	}, "-user 1 ann a1 30", "+user 1 ann a1 30 deleted"),
	writing("Delete of a status model", "1", func(db *gorm.DB) *gorm.DB {
		return db.Where("user_id = 1 or(1 = 1) AND name = 'old'").Delete(&pathPet{})
	}, "-pet 1 rex of 1 here", "+pet 1 rex of 1 gone"),
	{name: "Delete without conditions", err: gorm.ErrMissingWhereClause, run: func(_ *testing.T, db *gorm.DB) string {
		return affected(db.Delete(&pathUser{}))
	}},
	writing("Delete of an Unscoped statement", "1", func(db *gorm.DB) *gorm.DB {
		return db.Unscoped().Delete(&pathUser{ID: 4})
	}, "-user 4 dan d4 50"),
	{name: "Delete of an Unscoped statement, OnlyDeleted, with rows that refer to it", err: softdelete.ErrBlocked, run: func(_ *testing.T, db *gorm.DB) string {
		return affected(db.Unscoped().Clauses(softdelete.OnlyDeleted).Where("age = 30").Delete(&pathUser{}))
	}},
	{name: "Delete WithDeleted", err: softdelete.ErrUnsupported, run: func(_ *testing.T, db *gorm.DB) string {
		return affected(db.Clauses(softdelete.WithDeleted).Delete(cid()))
	}},

	{name: "FirstOrCreate of a live row", shows: "1 0", run: func(_ *testing.T, db *gorm.DB) string {
		var user pathUser
		done := pathDone(db.Where(pathUser{Name: "ann"}).FirstOrCreate(&user))
		return fmt.Sprint(user.ID, done.RowsAffected)
	}},
	{
		name: "FirstOrCreate of a deleted row's value makes a new row", shows: "9 cid", run: func(_ *testing.T, db *gorm.DB) string {
			var user pathUser
			pathDone(db.Where(pathUser{Name: "cid"}).Attrs(pathUser{ID: 9, Badge: "c9"}).FirstOrCreate(&user))
			return fmt.Sprint(user.ID, " ", user.Name)
		}, changes: []string{"+user 9 cid c9 0"},
	},
	{
		name: "FirstOrCreate with Assign updates a live row", shows: "1", run: func(_ *testing.T, db *gorm.DB) string {
			var user pathUser
			return affected(db.Where("name = 'cid'\nOR\nname = 'ann'").Assign(pathUser{Age: 31}).FirstOrCreate(&user))
		}, changes: []string{"-user 1 ann a1 30", "+user 1 ann a1 31"},
	},
	{
		name: "FirstOrCreate by the key of a deleted row", shows: "duplicate", run: func(_ *testing.T, db *gorm.DB) string {
			err := db.Session(&gorm.Session{}).FirstOrCreate(&pathUser{}, pathUser{ID: 3, Name: "new", Badge: "n3"}).Error
			return map[bool]string{true: "duplicate"}[err != nil]
		},
	},
	writing("Create of a deleted row's unique value", "1", func(db *gorm.DB) *gorm.DB {
		return db.Create(&pathUser{ID: 9, Name: "cid", Badge: "c9"})
	}, "+user 9 cid c9 0"),
}

var pathUpserts = []path{
	writing("Save of a live row", "1", func(db *gorm.DB) *gorm.DB {
		user := ann()
		user.Age = 31
		return db.Save(user)
	}, "-user 1 ann a1 30", "+user 1 ann a1 31"),
	refused("Save of a deleted row", func(db *gorm.DB) *gorm.DB { return db.Save(cid()) }),
	refused("Save of a deleted row with a condition", func(db *gorm.DB) *gorm.DB { return db.Where("1 = 1").Save(cid()) }),
	writing("Save of some columns of a deleted row", "0", func(db *gorm.DB) *gorm.DB { return db.Select("age").Save(cid()) }),
	refused("Save of a deleted row of a status model", func(db *gorm.DB) *gorm.DB {
		return db.Save(&pathPet{ID: 2, Name: "old", Status: "here"})
	}),
	refused("Save of a deleted link", func(db *gorm.DB) *gorm.DB { return db.Save(&pathUserRole{PathUserID: 1, PathRoleID: 3}) }),
	writing("Save of a new row", "1", func(db *gorm.DB) *gorm.DB { return db.Save(&pathRole{ID: 9, Name: "writer"}) }, "+role 9 writer"),
	writing("Save of a slice of live and new rows", "2", func(db *gorm.DB) *gorm.DB {
		return db.Save(&[]pathRole{{ID: 1, Name: "boss"}, {ID: 9, Name: "writer"}})
	}, "-role 1 admin", "+role 1 boss", "+role 9 writer"),
	refused("Save of a slice with a deleted row", func(db *gorm.DB) *gorm.DB {
		return db.Save(&[]pathRole{{ID: 1, Name: "boss"}, {ID: 2, Name: "retired"}, {ID: 9, Name: "writer"}})
	}),
	refused("Save of a slice of deleted rows only", func(db *gorm.DB) *gorm.DB { return db.Save([]*pathUser{cid()}) }),
	writing("Save of a deleted row, Unscoped", "1", func(db *gorm.DB) *gorm.DB {
		return db.Unscoped().Save(cid())
	}, "-user 3 cid c3 30 deleted", "+user 3 cid c3 31"),

	upserting("Upsert by primary key, a live row", clause.OnConflict{UpdateAll: true}, &pathRole{ID: 1, Name: "boss"}, "-role 1 admin", "+role 1 boss"),
	refusedUpsert("Upsert by primary key, a deleted row", clause.OnConflict{UpdateAll: true}, &pathRole{ID: 2, Name: "boss"}),
	refusedUpsert("Upsert by a named primary key, a deleted row", clause.OnConflict{
		Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.AssignmentColumns([]string{"name"}),
	}, &pathRole{ID: 2, Name: "boss"}),
	refusedUpsert("Upsert of several rows, one of them deleted", clause.OnConflict{UpdateAll: true}, &[]pathRole{{ID: 1, Name: "boss"}, {ID: 2, Name: "boss"}, {ID: 9, Name: "writer"}}),
	refused("Upsert of a map, a deleted row", func(db *gorm.DB) *gorm.DB {
		return db.Model(&pathRole{}).Clauses(clause.OnConflict{UpdateAll: true}).Create(map[string]any{"id": 2, "name": "boss"})
	}),
	upserting("Upsert by a unique column, a live row", byName, &pathUser{ID: 9, Name: "ann", Badge: "a9", Age: 31}, "-user 1 ann a1 30", "+user 1 ann a1 31"),
	upserting("Upsert by a unique column that a deleted row has, too", byName, &pathUser{ID: 9, Name: "cid", Badge: "c9", Age: 31}, "+user 9 cid c9 31"),
	upserting("Upsert of all columns by a unique column, a live row", clause.OnConflict{
		Columns: []clause.Column{{Name: "name"}}, UpdateAll: true,
	}, &pathUser{ID: 1, Name: "ann", Badge: "a9", Age: 31}, "-user 1 ann a1 30", "+user 1 ann a9 31"),
	upserting("Upsert by a unique column with a condition of its own", clause.OnConflict{
		Columns: []clause.Column{{Name: "name"}}, DoUpdates: clause.AssignmentColumns([]string{"age"}),
		Where: clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: "path_users.age = 1\nOR\npath_users.age = 30"}}},
	}, &pathUser{ID: 9, Name: "ann", Badge: "a9", Age: 31}, "-user 1 ann a1 30", "+user 1 ann a1 31"),
	refusedUpsert("Upsert by a column that is unique among all rows", clause.OnConflict{
		Columns: []clause.Column{{Name: "badge"}}, DoUpdates: clause.AssignmentColumns([]string{"age"}),
	}, &pathUser{ID: 9, Name: "new", Badge: "c3", Age: 31}),
	upserting("Upsert by a composite unique index, a live row", byPetName, &pathPet{ID: 9, UserID: ptr(1), Name: "rex", Status: "away"}, "-pet 1 rex of 1 here", "+pet 1 rex of 1 away"),
	upserting("Upsert by a composite unique index whose values a deleted row has", byPetName, &pathPet{ID: 9, UserID: ptr(1), Name: "old", Status: "away"}, "+pet 9 old of 1 away"),
	refusedUpsert("Upsert by a composite primary key, a deleted row", clause.OnConflict{UpdateAll: true}, &pathUserRole{PathUserID: 1, PathRoleID: 3}),
	{name: "DoNothing, a live row", shows: "0", sent: "1", run: upsert(clause.OnConflict{DoNothing: true}, &pathRole{ID: 1, Name: "boss"})},
	{name: "DoNothing, a deleted row", shows: "0", sent: "1", run: upsert(clause.OnConflict{DoNothing: true}, &pathRole{ID: 2, Name: "boss"})},
	{name: "DoNothing on a unique column, a live row", shows: "0", sent: "1", run: upsert(clause.OnConflict{
		Columns: []clause.Column{{Name: "name"}}, DoNothing: true,
	}, &pathUser{ID: 9, Name: "ann", Badge: "a9"})},
	upserting("DoNothing on a unique column that a deleted row has", clause.OnConflict{
		Columns: []clause.Column{{Name: "name"}}, DoNothing: true,
	}, &pathUser{ID: 9, Name: "cid", Badge: "c9"}, "+user 9 cid c9 0"),
	// GORM counts the rows whose key is set, not those that it created (scan.go:303, GORM 1.31).
	{name: "DoNothing of live, deleted and new rows", shows: "3", run: upsert(clause.OnConflict{DoNothing: true},
		&[]pathRole{{ID: 1, Name: "boss"}, {ID: 2, Name: "boss"}, {ID: 9, Name: "writer"}}), changes: []string{"+role 9 writer"}},
	writing("Upsert of a deleted row, Unscoped", "1", func(db *gorm.DB) *gorm.DB {
		return db.Unscoped().Clauses(clause.OnConflict{UpdateAll: true}).Create(&pathRole{ID: 2, Name: "boss"})
	}, "-role 2 retired deleted", "+role 2 boss"),
	writing("Upsert by a unique column, Unscoped", "1", func(db *gorm.DB) *gorm.DB {
		return db.Unscoped().Clauses(byName).Create(&pathUser{ID: 9, Name: "ann", Badge: "a9", Age: 31})
	}, "-user 1 ann a1 30", "+user 1 ann a1 31"),
	writing("Upsert in batches", "2", func(db *gorm.DB) *gorm.DB {
		return db.Clauses(clause.OnConflict{UpdateAll: true}).CreateInBatches(&[]pathRole{{ID: 1, Name: "boss"}, {ID: 9, Name: "writer"}}, 1)
	}, "-role 1 admin", "+role 1 boss", "+role 9 writer"),
	refused("Upsert in batches with a deleted row", func(db *gorm.DB) *gorm.DB {
		return db.Clauses(clause.OnConflict{UpdateAll: true}).CreateInBatches(&[]pathRole{{ID: 1, Name: "boss"}, {ID: 2, Name: "boss"}}, 1)
	}),
}

var (
	byName    = clause.OnConflict{Columns: []clause.Column{{Name: "name"}}, DoUpdates: clause.AssignmentColumns([]string{"age"})}
	byPetName = clause.OnConflict{
		Columns: []clause.Column{{Name: "user_id"}, {Name: "name"}}, DoUpdates: clause.AssignmentColumns([]string{"status"}),
	}
)

func ptr(id uint) *uint { return &id }

func upsert(on clause.OnConflict, value any) func(*testing.T, *gorm.DB) string {
	return func(_ *testing.T, db *gorm.DB) string { return affected(db.Clauses(on).Create(freshCopy(value))) }
}

// freshCopy copies what a pointer points to, since a write fills its value.
func freshCopy(pointer any) any {
	value := reflect.ValueOf(pointer).Elem()
	copied := reflect.New(value.Type())
	copied.Elem().Set(value)
	if value.Kind() == reflect.Slice {
		copied.Elem().Set(reflect.AppendSlice(reflect.Zero(value.Type()), value))
	}
	return copied.Interface()
}

func upserting(name string, on clause.OnConflict, value any, changes ...string) path {
	return path{name: name, shows: "1", changes: changes, run: upsert(on, value)}
}

func refusedUpsert(name string, on clause.OnConflict, value any) path {
	return path{name: name, err: softdelete.ErrRowDeleted, run: upsert(on, value)}
}

// pathReuses execute several statements on one *gorm.DB that has conditions already.
var pathReuses = []path{
	{name: "Find twice", shows: "ann; ann", run: func(_ *testing.T, db *gorm.DB) string {
		tx := db.Where("age = 30")
		return users(tx) + "; " + users(tx)
	}},
	{name: "Count, then Find with a further condition", shows: "3; ann", run: func(_ *testing.T, db *gorm.DB) string {
		tx := db.Model(&pathUser{})
		return count(tx) + "; " + users(tx.Where("age = 30"))
	}},
	{name: "Find, then Or", shows: "ann; ann bob", run: func(_ *testing.T, db *gorm.DB) string {
		tx := db.Where("age = 30")
		return users(tx) + "; " + users(tx.Or("age = 40"))
	}},
	{name: "Find, then a raw OR between newlines", shows: liveUsers + "; ann bob", run: func(_ *testing.T, db *gorm.DB) string {
		tx := db.Where("1 = 1")
		return users(tx) + "; " + users(tx.Where("age = 30\nOR\nage = 40"))
	}},
	{name: "a raw OR, then Or", shows: "ann bob; " + liveUsers, run: func(_ *testing.T, db *gorm.DB) string {
		tx := db.Where("age = 30\nOR\nage = 40")
		return users(tx) + "; " + users(tx.Or("age = 50"))
	}},
	{name: "Count, then Unscoped", shows: "3; " + allUsers, run: func(_ *testing.T, db *gorm.DB) string {
		tx := db.Model(&pathUser{})
		return count(tx) + "; " + users(tx.Unscoped())
	}},
	{name: "Count, then WithDeleted", shows: "3; " + allUsers, run: func(_ *testing.T, db *gorm.DB) string {
		tx := db.Model(&pathUser{})
		return count(tx) + "; " + users(tx.Clauses(softdelete.WithDeleted))
	}},
	{name: "Find, then OnlyDeleted", shows: "ann; cid", run: func(_ *testing.T, db *gorm.DB) string {
		tx := db.Where("age = 30")
		return users(tx) + "; " + users(tx.Clauses(softdelete.OnlyDeleted))
	}},
	{name: "Rows, then Unscoped", shows: liveUsers + "; " + allUsers, run: func(_ *testing.T, db *gorm.DB) string {
		tx := db.Model(&pathUser{}).Select("name")
		return scanned(tx.Rows()) + "; " + scanned(tx.Unscoped().Rows())
	}},
	{
		name: "Update, then a raw OR and Update", shows: "1; 1", run: func(_ *testing.T, db *gorm.DB) string {
			tx := db.Model(&pathUser{}).Where("name = 'ann'")
			return affected(tx.Update("age", 31)) + "; " + affected(tx.Or("age = 30").Update("age", 32))
		}, changes: []string{"-user 1 ann a1 30", "+user 1 ann a1 32"},
	},
	{
		name: "Delete, then Update", shows: "1; 0", run: func(_ *testing.T, db *gorm.DB) string {
			tx := db.Model(&pathUser{}).Where("age = 30")
			return affected(tx.Delete(&pathUser{})) + "; " + affected(tx.Update("age", 31))
		}, changes: []string{"-user 1 ann a1 30", "+user 1 ann a1 30 deleted"},
	},
	{
		name: "Delete, then Update of an Unscoped statement", shows: "1; 2", run: func(_ *testing.T, db *gorm.DB) string {
			tx := db.Model(&pathUser{}).Where("age = 30")
			return affected(tx.Delete(&pathUser{})) + "; " + affected(tx.Unscoped().Update("age", 31))
		}, changes: []string{"-user 1 ann a1 30", "-user 3 cid c3 30 deleted", "+user 1 ann a1 31 deleted", "+user 3 cid c3 31 deleted"},
	},
	{
		name: "Delete, then Find", shows: "1; ", run: func(_ *testing.T, db *gorm.DB) string {
			tx := db.Where("age = 30")
			return affected(tx.Delete(&pathUser{})) + "; " + users(tx)
		}, changes: []string{"-user 1 ann a1 30", "+user 1 ann a1 30 deleted"},
	},
	{
		name: "Delete, then OnlyDeleted", shows: "1; ann cid", run: func(_ *testing.T, db *gorm.DB) string {
			tx := db.Where("age = 30")
			return affected(tx.Delete(&pathUser{})) + "; " + users(tx.Clauses(softdelete.OnlyDeleted))
		}, changes: []string{"-user 1 ann a1 30", "+user 1 ann a1 30 deleted"},
	},
	{
		name: "Delete twice", shows: "1; 0", run: func(_ *testing.T, db *gorm.DB) string {
			tx := db.Where("age = 30")
			return affected(tx.Delete(&pathUser{})) + "; " + affected(tx.Delete(&pathUser{}))
		}, changes: []string{"-user 1 ann a1 30", "+user 1 ann a1 30 deleted"},
	},
	{name: "Find, then Delete without conditions", err: gorm.ErrMissingWhereClause, run: func(_ *testing.T, db *gorm.DB) string {
		tx := db.Model(&pathUser{})
		users(tx)
		return affected(tx.Delete(&pathUser{}))
	}},
}
