package paths_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// What an upsert may give as its conflict target where the unique indexes are narrowed.

type (
	targetUser struct {
		ID        uint
		Email     string `gorm:"size:40;uniqueIndex:idx_target_email"`
		Phone     string `gorm:"unique"`
		Org       uint   `gorm:"uniqueIndex:idx_target_nick"`
		Nick      string `gorm:"size:40;uniqueIndex:idx_target_nick"`
		Slug      string `gorm:"size:40;uniqueIndex"`
		Note      string
		DeletedAt gorm.DeletedAt
	}
	// loweredUser is the same with indexes on expressions, which not every database has.
	loweredUser struct {
		ID        uint
		Email     string `gorm:"uniqueIndex:idx_target_email,expression:lower(email)"`
		Phone     string `gorm:"unique"`
		Org       uint   `gorm:"uniqueIndex:idx_target_nick"`
		Nick      string `gorm:"uniqueIndex:idx_target_nick,expression:lower(nick)"`
		Slug      string `gorm:"uniqueIndex"`
		Note      string
		DeletedAt gorm.DeletedAt
	}
)

func (loweredUser) TableName() string { return "target_users" }

func TestUpsertsOnEveryTargetThatWasNarrowed(t *testing.T) {
	raw := func(expression string) clause.Column { return clause.Column{Name: expression, Raw: true} }
	upsertsOn(t, testdb.Everywhere, func(u targetUser) any { return &u }, map[string]clause.OnConflict{
		"a column":                          {Columns: []clause.Column{{Name: "slug"}}},
		"columns":                           {Columns: []clause.Column{{Name: "nick"}, {Name: "org"}}},
		"a constraint that became an index": {OnConstraint: "uni_target_users_phone"},
		"one by the database's own name":    {OnConstraint: "target_users_phone_key"},
		"a constraint, and nothing to do":   {OnConstraint: "uni_target_users_phone", DoNothing: true},
		"a column's field, by GORM's name":  {Columns: []clause.Column{{Name: "Slug"}}},
		"a predicate of the caller's own":   {Columns: []clause.Column{{Name: "slug"}}, TargetWhere: clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: "deleted_at IS NULL"}}}},
	})
	upsertsOn(t, testdb.IndexConditions, func(u targetUser) any { lowered := loweredUser(u); return &lowered }, map[string]clause.OnConflict{
		"an expression":                    {Columns: []clause.Column{raw("lower(email)")}},
		"an expression written otherwise":  {Columns: []clause.Column{raw(" ( LOWER( email ) )")}},
		"a column and an expression":       {Columns: []clause.Column{{Name: "org"}, raw("lower(nick)")}},
		"an expression and a column":       {Columns: []clause.Column{raw("lower(nick)"), {Name: "org"}}},
		"an expression, and nothing to do": {Columns: []clause.Column{raw("lower(email)")}, DoNothing: true},
	})
}

// upsertsOn upserts a user by each target, on some databases.
func upsertsOn(t *testing.T, databases testdb.Only, model func(targetUser) any, targets map[string]clause.OnConflict) {
	testdb.EachOf(t, databases, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{model(targetUser{})})
		for name, on := range targets {
			if name == "a column's field, by GORM's name" {
				continue // the database reads it as a column
			}
			if !on.DoNothing {
				on.DoUpdates = clause.AssignmentColumns([]string{"note"})
			}
			ways := map[string]func(tx *gorm.DB, note string) error{
				"a model": func(tx *gorm.DB, note string) error {
					return tx.Clauses(on).Create(model(targetUser{Email: "Ann@x", Phone: "1", Org: 1, Nick: "Ann", Slug: "ann", Note: note})).Error
				},
				"a map with a model": func(tx *gorm.DB, note string) error {
					return tx.Model(model(targetUser{})).Clauses(on).Create(map[string]any{"email": "Ann@x", "phone": "1", "org": 1, "nick": "Ann", "slug": "ann", "note": note}).Error
				},
				"a map with a table": func(tx *gorm.DB, note string) error {
					return tx.Table("target_users").Clauses(on).Create(map[string]any{"email": "Ann@x", "phone": "1", "org": 1, "nick": "Ann", "slug": "ann", "note": note}).Error
				},
				"maps with a table": func(tx *gorm.DB, note string) error {
					return tx.Table("target_users").Clauses(on).Create([]map[string]any{{"email": "Ann@x", "phone": "1", "org": 1, "nick": "Ann", "slug": "ann", "note": note}}).Error
				},
			}
			if on.DoNothing && database.Name == "mysql" { // GORM writes nothing behind ON DUPLICATE KEY UPDATE without a model
				delete(ways, "a map with a table")
				delete(ways, "maps with a table")
			}
			for way, create := range ways {
				t.Run(name+", "+way, func(t *testing.T) {
					fixture.Exec(t, db, "DELETE FROM target_users")
					require.NoError(t, create(db, "one"))
					require.NoError(t, create(db, "two"))
					want := "two"
					if on.DoNothing {
						want = "one"
					}
					require.Equal(t, 1, fixture.Rows(t, db, "target_users"))
					require.Equal(t, 1, fixture.Rows(t, db, "target_users", "note = ?", want))
					// One that is deleted is not met: the upsert makes another.
					require.NoError(t, db.Where("1 = 1").Delete(model(targetUser{})).Error)
					require.NoError(t, create(db, "three"))
					require.Equal(t, 2, fixture.Rows(t, db, "target_users"))
					require.Equal(t, 1, fixture.Rows(t, db, "target_users", "note = 'three' AND deleted_at IS NULL"))
				})
			}
		}
	})
}

func TestAnUpsertOnAnIndexThatIsKeptNamesNoPredicate(t *testing.T) {
	keptUpserts(t, testdb.Everywhere, func(u targetUser) any { return &u }, "slug", "phone")
	keptUpserts(t, testdb.IndexConditions, func(u targetUser) any { lowered := loweredUser(u); return &lowered }, "lower(email)", "slug")
}

// keptUpserts upserts a user by columns, or expressions, that are unique among all rows.
func keptUpserts(t *testing.T, databases testdb.Only, model func(targetUser) any, targets ...string) {
	testdb.EachOf(t, databases, func(t *testing.T, database *testdb.Database) {
		db := fixture.Use(t, database, softdelete.Config{KeepUnique: true, Models: []any{model(targetUser{})}})
		require.NoError(t, db.AutoMigrate(model(targetUser{})))
		for _, target := range targets {
			on := clause.OnConflict{Columns: []clause.Column{{Name: target, Raw: strings.Contains(target, "(")}}, DoUpdates: clause.AssignmentColumns([]string{"note"})}
			for range 2 {
				require.NoError(t, db.Clauses(on).Create(model(targetUser{Email: "Ann@x", Phone: "1", Org: 1, Nick: "Ann", Slug: "ann"})).Error)
			}
		}
		require.Equal(t, 1, fixture.Rows(t, db, "target_users"))
	})
}
