package gorm_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// equalUser and the models around it know nothing of the plugin.
type equalUser struct {
	gorm.Model
	Name    string
	Age     int
	BossID  *uint
	Boss    *equalUser
	Posts   []equalPost   `gorm:"foreignKey:UserID"`
	Profile *equalProfile `gorm:"foreignKey:UserID"`
	Tags    []equalTag    `gorm:"many2many:equal_user_tags"`
}

type equalPost struct {
	gorm.Model
	UserID *uint
	User   *equalUser
	Title  string
}

type equalProfile struct {
	ID     uint
	UserID *uint
	Bio    string
}

type equalTag struct {
	ID   uint
	Name string
}

func (u *equalUser) BeforeDelete(*gorm.DB) error { u.Name += "-"; return nil }
func (u *equalUser) AfterDelete(*gorm.DB) error  { u.Name += "+"; return nil }

// equalOutcome is what a step gave to its caller.
type equalOutcome struct {
	Rows  int64
	Err   string
	Value any
}

func equalTo(db *gorm.DB, value any) equalOutcome {
	o := equalOutcome{Rows: db.RowsAffected, Value: value}
	if db.Error != nil {
		o.Err = db.Error.Error()
	}
	for _, known := range []error{gorm.ErrInvalidValue, gorm.ErrMissingWhereClause, gorm.ErrRecordNotFound} {
		if errors.Is(db.Error, known) {
			o.Err = known.Error() // the plugin may say more
		}
	}
	return o
}

// equalSteps are what an application does with GORM. Each sees what those before it left.
var equalSteps = []struct {
	name string
	run  func(db *gorm.DB) equalOutcome
}{
	{"create", func(db *gorm.DB) equalOutcome {
		users := []equalUser{
			{Name: "a", Age: 1, Posts: []equalPost{{Title: "a1"}, {Title: "a2"}}, Tags: []equalTag{{Name: "x"}, {Name: "y"}}},
			{Name: "b", Age: 2, Profile: &equalProfile{Bio: "b"}, Boss: &equalUser{Name: "boss", Posts: []equalPost{{Title: "c1"}}}},
		}
		return equalTo(db.Create(&users), users)
	}},
	{"create in batches", func(db *gorm.DB) equalOutcome {
		users := []equalUser{{Name: "d", Age: 4}, {Name: "e", Age: 5}, {Name: "f", Age: 6}, {Name: "g", Age: 7}, {Name: "h", Age: 8}}
		return equalTo(db.CreateInBatches(&users, 2), users)
	}},
	{"delete a struct", func(db *gorm.DB) equalOutcome {
		user := equalUser{Model: gorm.Model{ID: 4}, Name: "d"}
		return equalTo(db.Delete(&user), user)
	}},
	{"delete it again", func(db *gorm.DB) equalOutcome { return equalTo(db.Delete(&equalUser{}, 4), nil) }},
	{"delete an unknown row", func(db *gorm.DB) equalOutcome { return equalTo(db.Delete(&equalUser{}, 999), nil) }},
	{"delete by inline condition", func(db *gorm.DB) equalOutcome {
		user := equalUser{}
		return equalTo(db.Delete(&user, "name = ? OR age = ?", "e", 99), user)
	}},
	{"delete by two keys", func(db *gorm.DB) equalOutcome {
		return equalTo(db.Model(&equalPost{Model: gorm.Model{ID: 2}}).Delete(&equalPost{Model: gorm.Model{ID: 3}}), nil)
	}},
	{"delete by a model's key", func(db *gorm.DB) equalOutcome {
		return equalTo(db.Model(&equalPost{Model: gorm.Model{ID: 2}}).Delete(nil), nil)
	}},
	{"delete a slice", func(db *gorm.DB) equalOutcome {
		users := []equalUser{{Model: gorm.Model{ID: 5}, Name: "e"}, {Model: gorm.Model{ID: 6}, Name: "f"}}
		return equalTo(db.Delete(&users), users)
	}},
	{"delete a slice of pointers", func(db *gorm.DB) equalOutcome {
		users := []*equalUser{{Model: gorm.Model{ID: 7}, Name: "g"}}
		return equalTo(db.Delete(users), users)
	}},
	{"delete a value", func(db *gorm.DB) equalOutcome { return equalTo(db.Delete(equalUser{Model: gorm.Model{ID: 8}}), nil) }},
	{"delete without a condition", func(db *gorm.DB) equalOutcome { return equalTo(db.Delete(&equalUser{}), nil) }},
	{"delete an empty slice", func(db *gorm.DB) equalOutcome { return equalTo(db.Delete(&[]equalUser{}), nil) }},
	{"delete a row without a policy", func(db *gorm.DB) equalOutcome { return equalTo(db.Delete(&equalTag{ID: 2}), nil) }},
	{"find", func(db *gorm.DB) equalOutcome {
		var users []equalUser
		return equalTo(db.Order("id").Find(&users), users)
	}},
	{"find deleted rows, too", func(db *gorm.DB) equalOutcome {
		var users []equalUser
		return equalTo(db.Unscoped().Preload("Posts").Order("id").Find(&users), users)
	}},
	{"first of a deleted row", func(db *gorm.DB) equalOutcome {
		var user equalUser
		return equalTo(db.First(&user, 4), user)
	}},
	{"conditions", func(db *gorm.DB) equalOutcome {
		var names []string
		return equalTo(db.Model(&equalUser{}).Where("age > ?", 0).Or("name = ?", "d").Not("name = ?", "zz").Order("name").Pluck("name", &names), names)
	}},
	{"count, group and having", func(db *gorm.DB) equalOutcome {
		var count int64
		var groups []struct{ Name, Total string }
		tx := db.Model(&equalUser{}).Count(&count)
		return equalTo(tx, fmt.Sprint(count, db.Model(&equalUser{}).Select("name, sum(age) AS total").Group("name").Having("sum(age) > 0").Order("name").Find(&groups).Error, groups))
	}},
	{"joins and preloads", func(db *gorm.DB) equalOutcome {
		var users []equalUser
		tx := db.Joins("Boss").Preload("Posts").Preload("Profile").Preload("Tags", func(db *gorm.DB) *gorm.DB { return db.Order("id") })
		return equalTo(tx.Order("equal_users.id").Find(&users), users)
	}},
	{"update", func(db *gorm.DB) equalOutcome {
		user := equalUser{Model: gorm.Model{ID: 1}}
		return equalTo(db.Model(&user).Updates(map[string]any{"age": 10}), user)
	}},
	{"update of a deleted row", func(db *gorm.DB) equalOutcome {
		return equalTo(db.Model(&equalUser{Model: gorm.Model{ID: 4}}).Update("age", 10), nil)
	}},
	{"update column of all", func(db *gorm.DB) equalOutcome {
		return equalTo(db.Session(&gorm.Session{AllowGlobalUpdate: true}).Model(&equalUser{}).UpdateColumn("age", gorm.Expr("age + 1")), nil)
	}},
	{"update without a condition", func(db *gorm.DB) equalOutcome { return equalTo(db.Model(&equalUser{}).Update("age", 0), nil) }},
	{"save", func(db *gorm.DB) equalOutcome {
		var user equalUser
		db.First(&user, 1)
		user.Name = "A"
		return equalTo(db.Save(&user), user)
	}},
	{"first or create", func(db *gorm.DB) equalOutcome {
		var user equalUser
		return equalTo(db.Where(equalUser{Name: "new"}).Attrs(equalUser{Age: 33}).FirstOrCreate(&user), user)
	}},
	{"first or init", func(db *gorm.DB) equalOutcome {
		var user equalUser
		return equalTo(db.Where(equalUser{Name: "none"}).FirstOrInit(&user), user)
	}},
	{"upsert", func(db *gorm.DB) equalOutcome {
		user := equalUser{Model: gorm.Model{ID: 1}, Name: "upserted"}
		return equalTo(db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.AssignmentColumns([]string{"name"})}).Create(&user), user)
	}},
	{"association append, replace, delete, count", func(db *gorm.DB) equalOutcome {
		user := equalUser{Model: gorm.Model{ID: 1}}
		err := errors.Join(
			db.Model(&user).Association("Posts").Append(&equalPost{Title: "a3"}),
			db.Model(&user).Association("Tags").Replace(&equalTag{Name: "z"}),
			db.Model(&user).Association("Posts").Delete(&equalPost{Model: gorm.Model{ID: 1}}),
		)
		return equalOutcome{Rows: db.Model(&user).Association("Posts").Count() + 10*db.Model(&user).Association("Tags").Count(), Err: fmt.Sprint(err)}
	}},
	{"delete with selected associations", func(db *gorm.DB) equalOutcome {
		return equalTo(db.Select("Posts", "Tags").Delete(&equalUser{Model: gorm.Model{ID: 1}}), nil)
	}},
	{"delete with all associations", func(db *gorm.DB) equalOutcome {
		return equalTo(db.Select(clause.Associations).Delete(&equalUser{Model: gorm.Model{ID: 2}}), nil)
	}},
	{"delete returning", func(db *gorm.DB) equalOutcome {
		var users []equalUser
		return equalTo(db.Clauses(clause.Returning{}).Where("name = ?", "new").Delete(&users), users)
	}},
	{"undelete by hand", func(db *gorm.DB) equalOutcome {
		return equalTo(db.Unscoped().Model(&equalUser{}).Where("id = ?", 4).Update("deleted_at", nil), nil)
	}},
	{"delete for good", func(db *gorm.DB) equalOutcome { return equalTo(db.Unscoped().Delete(&equalUser{}, []int{5, 6}), nil) }},
	{"delete all", func(db *gorm.DB) equalOutcome {
		return equalTo(db.Session(&gorm.Session{AllowGlobalUpdate: true}).Delete(&equalPost{}), nil)
	}},
	{"find in batches, scan and rows", func(db *gorm.DB) equalOutcome {
		var users []equalUser
		var seen []string
		tx := db.FindInBatches(&users, 2, func(*gorm.DB, int) error {
			for _, user := range users {
				seen = append(seen, user.Name)
			}
			return nil
		})
		var row struct{ Name string }
		seen = append(seen, fmt.Sprint(db.Model(&equalUser{}).Order("id DESC").Limit(1).Scan(&row).Error), row.Name)
		if rows, err := db.Model(&equalUser{}).Select("name").Order("id").Rows(); err == nil {
			defer rows.Close()
			for rows.Next() {
				var name sql.NullString
				seen = append(seen, fmt.Sprint(rows.Scan(&name)), name.String)
			}
		}
		return equalTo(tx, seen)
	}},
	{"sub-query, raw and a table without a model", func(db *gorm.DB) equalOutcome {
		var live, all []string
		tx := db.Model(&equalUser{}).Where("id IN (?)", db.Model(&equalUser{}).Select("id")).Order("id").Pluck("name", &live)
		err := errors.Join(db.Table("equal_users").Order("id").Pluck("name", &all).Error, db.Exec("UPDATE equal_users SET age = 0 WHERE id = 4").Error)
		return equalTo(tx, fmt.Sprint(live, all, err))
	}},
}

func TestModelsThatOnlyEmbedGormModelBehaveAsUnderPlainGorm(t *testing.T) {
	open := map[string]func(testing.TB) *testdb.Database{"sqlite": testdb.SQLite, "postgres": testdb.Postgres, "mysql": testdb.MySQL}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		config := &gorm.Config{NowFunc: func() time.Time { return now }}
		with, plain := database.Open(t, config), open[database.Name](t).Open(t, config)
		require.NoError(t, with.Use(softdelete.New(softdelete.Config{})))
		for _, db := range []*gorm.DB{with, plain} {
			require.NoError(t, db.AutoMigrate(&equalUser{}, &equalPost{}, &equalProfile{}, &equalTag{}))
		}
		for _, step := range equalSteps {
			if database.Name == "mysql" && step.name == "delete returning" {
				continue // refused, where plain GORM writes what the server cannot read
			}
			now = now.Add(time.Minute)
			require.Equal(t, equalText(t, step.run(plain)), equalText(t, step.run(with)), step.name)
			require.Equal(t, equalRows(t, plain), equalRows(t, with), step.name)
		}
	})
}

func equalText(t *testing.T, outcome equalOutcome) string {
	t.Helper()
	text, err := json.MarshalIndent(outcome, "", "\t")
	require.NoError(t, err)
	return ownDatabase.ReplaceAllString(string(text), "`database`")
}

// ownDatabase is the name of a test's database, which MySQL's errors have.
var ownDatabase = regexp.MustCompile("`testdb_[a-z0-9]+`")

// equalRows is all that is in the tables, a line per row.
func equalRows(t *testing.T, db *gorm.DB) (lines []string) {
	t.Helper()
	for _, table := range []string{"equal_users", "equal_posts", "equal_profiles", "equal_tags", "equal_user_tags"} {
		var rows []map[string]any
		require.NoError(t, db.Table(table).Order("1, 2").Find(&rows).Error)
		for _, row := range rows {
			lines = append(lines, fmt.Sprint(table, row))
		}
	}
	return lines
}
