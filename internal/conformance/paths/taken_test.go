package paths_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// What is created with a key or a unique value that only a deleted row has.

type (
	takenUser struct {
		Code      string  `gorm:"primaryKey"`
		Nick      string  `gorm:"uniqueIndex:idx_taken_nick" softdelete:"full"`
		Hall, Row *string `gorm:"uniqueIndex:idx_taken_seat"`
		Badge     *string `gorm:"unique"`
		Free      *string `gorm:"uniqueIndex:idx_taken_free"`
		Note      string
		DeletedAt gorm.DeletedAt
	}
	takenFlag struct {
		ID   uint   `gorm:"primaryKey;autoIncrement:false"`
		Nick string `gorm:"uniqueIndex:idx_taken_flag" softdelete:"full"`
		Gone bool   `softdelete:"flag"`
	}
	takenOwner struct {
		ID    uint
		Users []takenUser `gorm:"many2many:taken_members;joinReferences:UserCode"`
	}
	// takenMember is a link with data.
	takenMember struct {
		TakenOwnerID uint   `gorm:"primaryKey"`
		UserCode     string `gorm:"primaryKey"`
		Role         string `gorm:"default:guest"`
		Since        int
		Note         *string
		DeletedAt    gorm.DeletedAt
		DeletionID   softdelete.DeletionID
	}
)

func text(s string) *string { return &s }

// newTaken has a deleted row of each kind, and a live one that is in the way of nothing.
func newTaken(t *testing.T, database *testdb.Database, config softdelete.Config, options ...gorm.Option) *gorm.DB {
	t.Helper()
	db := database.Open(t, options...)
	require.NoError(t, db.SetupJoinTable(&takenOwner{}, "Users", &takenMember{}))
	config.Models = []any{&takenUser{}, &takenFlag{}, &takenOwner{}, &takenMember{}}
	require.NoError(t, db.Use(softdelete.New(config)))
	require.NoError(t, db.AutoMigrate(config.Models...))
	for _, row := range []any{
		&takenUser{Code: "gone", Nick: "gone-nick", Hall: text("east"), Row: text("a"), Badge: text("gone-badge"), Free: text("gone-free")},
		&takenUser{Code: "live", Nick: "live-nick"}, &takenFlag{ID: 1, Nick: "gone-flag"}, &takenOwner{ID: 1},
		&takenMember{TakenOwnerID: 1, UserCode: "gone", Role: "owner", Since: 1999, Note: text("boss")},
		&takenMember{TakenOwnerID: 1, UserCode: "live", Role: "owner", Since: 1999, Note: text("boss")},
	} {
		require.NoError(t, db.Create(row).Error)
	}
	require.NoError(t, db.Delete(&takenMember{}, "taken_owner_id = 1").Error)
	require.NoError(t, db.Delete(&takenUser{}, "code = 'gone'").Error)
	require.NoError(t, db.Delete(&takenFlag{}, 1).Error)
	return db
}

func TestACreateOverADeletedRowsValueIsRowDeleted(t *testing.T) {
	seat := takenUser{Code: "new", Nick: "new", Hall: text("east"), Row: text("a")}
	badge := takenUser{Code: "new", Nick: "new", Badge: text("gone-badge")}
	cases := []struct {
		name       string
		keepUnique bool
		value      any
		names      []string // what the error names
	}{
		{"a primary key", false, &takenUser{Code: "gone", Nick: "new"}, []string{"PRIMARY KEY", "code", "gone"}},
		{"a numeric primary key", false, &takenFlag{ID: 1, Nick: "new"}, []string{"PRIMARY KEY", "id", "1"}},
		{"a composite primary key of a link", false, &takenMember{TakenOwnerID: 1, UserCode: "gone"}, []string{"PRIMARY KEY", "1,gone"}},
		{"an index tagged full", false, &takenUser{Code: "new", Nick: "gone-nick"}, []string{"idx_taken_nick", "nick", "key gone"}},
		{"an index tagged full, of a flag", false, &takenFlag{ID: 2, Nick: "gone-flag"}, []string{"idx_taken_flag", "nick", "key 1"}},
		{"several rows", false, &[]takenUser{{Code: "new", Nick: "new"}, {Code: "newer", Nick: "gone-nick"}}, []string{"idx_taken_nick"}},
		{"a map", false, map[string]any{"code": "new", "nick": "gone-nick"}, []string{"idx_taken_nick"}},
		{"a composite index that is kept", true, &seat, []string{"idx_taken_seat", "hall, row", "key gone"}},
		{"a unique constraint that is kept", true, &badge, []string{"badge", "key gone"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				for _, translate := range []bool{false, true} {
					db := newTaken(t, database, softdelete.Config{KeepUnique: c.keepUnique}, &gorm.Config{TranslateError: translate})
					models := []any{&takenUser{}, &takenFlag{}, &takenMember{}}
					before := fixture.Dump(t, db, models...)
					create := func(db *gorm.DB) error {
						if values, ok := c.value.(map[string]any); ok {
							return db.Model(&takenUser{}).Create(values).Error
						}
						return db.Create(c.value).Error
					}
					check := func(err error) {
						t.Helper()
						require.ErrorIs(t, err, softdelete.ErrRowDeleted)
						require.Equal(t, translate, isDuplicate(err))
						for _, name := range c.names {
							require.ErrorContains(t, err, name)
						}
						require.ErrorContains(t, err, "restore")
						for _, value := range []string{"gone-nick", "gone-flag", "gone-badge", "east"} {
							require.NotContains(t, err.Error(), value)
						}
						require.Equal(t, before, fixture.Dump(t, db, models...))
					}
					check(create(db))
					check(create(db.Session(&gorm.Session{SkipDefaultTransaction: true})))
					check(db.Transaction(func(tx *gorm.DB) error { return create(tx) }))
					require.NoError(t, db.Migrator().DropTable(&takenMember{}, &takenOwner{}, &takenUser{}, &takenFlag{}))
				}
			})
		})
	}
}

func isDuplicate(err error) bool { return errors.Is(err, gorm.ErrDuplicatedKey) }

func TestACreateOverALiveRowsValueIsTheDatabasesError(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newTaken(t, database, softdelete.Config{}, &gorm.Config{TranslateError: true})
		for _, value := range []any{&takenUser{Code: "live", Nick: "new"}, &takenUser{Code: "new", Nick: "live-nick"}} {
			err := db.Create(value).Error
			require.ErrorIs(t, err, gorm.ErrDuplicatedKey)
			require.NotErrorIs(t, err, softdelete.ErrRowDeleted)
		}
		require.NoError(t, db.Create(&takenUser{Code: "new", Nick: "new", Free: text("gone-free"), Badge: text("gone-badge"), Hall: text("east"), Row: text("a")}).Error,
			"what is unique among live rows is free")
	})
}

func TestUniqueIndexesThatAreKept(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newTaken(t, database, softdelete.Config{KeepUnique: true})
		require.ErrorIs(t, db.Create(&takenUser{Code: "new", Nick: "new", Free: text("gone-free")}).Error, softdelete.ErrRowDeleted)
		// An upsert means the index as it is, and a restore finds nothing in its way.
		on := clause.OnConflict{Columns: []clause.Column{{Name: "free"}}, DoUpdates: clause.AssignmentColumns([]string{"note"})}
		require.ErrorIs(t, db.Clauses(on).Create(&takenUser{Code: "new", Nick: "new", Free: text("gone-free")}).Error, softdelete.ErrRowDeleted)
		require.NoError(t, db.Clauses(on).Create(&takenUser{Code: "new", Nick: "new", Free: text("free")}).Error)
		require.NoError(t, db.Clauses(on).Create(&takenUser{Code: "newer", Nick: "newer", Free: text("free"), Note: "upserted"}).Error)
		require.Equal(t, 1, fixture.Rows(t, db, "taken_users", "code = 'new' AND note = 'upserted'"))
		report, err := softdelete.Restore(db, &takenUser{Code: "gone"})
		require.NoError(t, err)
		require.EqualValues(t, 1, report.Rows())
		statements, err := softdelete.DDL(db, &takenUser{}, &takenFlag{}, &takenMember{})
		require.NoError(t, err)
		require.Empty(t, statements, "nothing is left to migrate")
	})
}

func TestUniqueIndexesTaggedLiveAreNarrowedWhereTheOthersAreKept(t *testing.T) {
	type taggedLive struct {
		ID        uint
		Email     string `gorm:"uniqueIndex" softdelete:"live"`
		Phone     string `gorm:"unique" softdelete:"live"`
		Nick      string `gorm:"uniqueIndex"`
		DeletedAt gorm.DeletedAt
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Use(t, database, softdelete.Config{KeepUnique: true, Models: []any{&taggedLive{}}})
		require.NoError(t, db.AutoMigrate(&taggedLive{}))
		require.NoError(t, db.Create(&taggedLive{ID: 1, Email: "a", Phone: "a", Nick: "a"}).Error)
		require.NoError(t, db.Delete(&taggedLive{ID: 1}).Error)
		require.NoError(t, db.Create(&taggedLive{ID: 2, Email: "a", Phone: "a", Nick: "b"}).Error)
		require.ErrorIs(t, db.Create(&taggedLive{ID: 3, Email: "c", Phone: "c", Nick: "a"}).Error, softdelete.ErrRowDeleted)
		_, err := softdelete.Restore(db, &taggedLive{ID: 1})
		require.ErrorIs(t, err, softdelete.ErrRestoreConflict)
		require.ErrorIs(t, database.Open(t).Use(softdelete.New(softdelete.Config{Models: []any{&taggedLive{}}})), softdelete.ErrPolicy,
			"without KeepUnique the word says nothing of a unique index")
	})
}

func TestUniqueIndexesThatWereNarrowedBeforeStaySo(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		type narrowed struct {
			ID        uint
			Email     string `gorm:"uniqueIndex"`
			Phone     string `gorm:"unique"`
			DeletedAt gorm.DeletedAt
		}
		before := fixture.Use(t, database, softdelete.Config{Models: []any{&narrowed{}}})
		require.NoError(t, before.AutoMigrate(&narrowed{}))
		require.NoError(t, before.Create(&narrowed{ID: 1, Email: "a", Phone: "a"}).Error)
		require.NoError(t, before.Delete(&narrowed{ID: 1}).Error)
		require.NoError(t, before.Create(&narrowed{ID: 2, Email: "a", Phone: "a"}).Error)
		db := fixture.Use(t, database, softdelete.Config{KeepUnique: true, Models: []any{&narrowed{}}})
		require.NoError(t, db.AutoMigrate(&narrowed{}))
		require.NoError(t, db.AutoMigrate(&narrowed{}))
		require.NoError(t, db.Delete(&narrowed{ID: 2}).Error)
		require.NoError(t, db.Create(&narrowed{ID: 3, Email: "a", Phone: "a"}).Error)
	})
}

func TestALinkThatIsAddedAgainHasTheValuesOfTheNewOne(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newTaken(t, database, softdelete.Config{})
		require.NoError(t, db.Model(&takenOwner{ID: 1}).Association("Users").Append(&takenUser{Code: "live", Nick: "live-nick"}))
		var link takenMember
		require.NoError(t, db.Take(&link).Error)
		require.Equal(t, takenMember{TakenOwnerID: 1, UserCode: "live", Role: "guest"}, link)
		require.Equal(t, 2, fixture.Rows(t, db, "taken_members"))
		// One that is there stays as it is.
		require.NoError(t, db.Model(&link).Update("role", "member").Error)
		require.NoError(t, db.Model(&takenOwner{ID: 1}).Association("Users").Append(&takenUser{Code: "live", Nick: "live-nick"}))
		require.Equal(t, 1, fixture.Rows(t, db, "taken_members", "role = 'member' AND deleted_at IS NULL"))
	})
}

func TestLinksOfAJoinModelWithoutAKey(t *testing.T) {
	type keylessAddress struct {
		ID   uint
		Name string
	}
	type keylessPerson struct {
		ID        int
		Addresses []keylessAddress `gorm:"many2many:keyless_links"`
		DeletedAt gorm.DeletedAt
	}
	type keylessLink struct {
		KeylessPersonID  int
		KeylessAddressID int
		DeletedAt        gorm.DeletedAt
	}
	counts := func(t *testing.T, db *gorm.DB) (list []any) {
		require.NoError(t, db.SetupJoinTable(&keylessPerson{}, "Addresses", &keylessLink{}))
		require.NoError(t, db.AutoMigrate(&keylessPerson{}, &keylessAddress{}))
		person := keylessPerson{ID: 1, Addresses: []keylessAddress{{ID: 1, Name: "a"}, {ID: 2, Name: "b"}}}
		require.NoError(t, db.Create(&person).Error)
		links := func() *gorm.Association { return db.Model(&person).Association("Addresses") }
		count := func() {
			loaded := keylessPerson{}
			require.NoError(t, db.Preload("Addresses").Take(&loaded).Error)
			list = append(list, links().Count(), len(loaded.Addresses), fixture.Rows(t, db, "keyless_links"))
		}
		for _, step := range []func() error{
			func() error { return links().Delete(&keylessAddress{ID: 1}) },
			func() error { return links().Append(&keylessAddress{ID: 3, Name: "c"}) },
			func() error { return links().Append(&keylessAddress{ID: 1, Name: "a"}) },
			func() error { return links().Replace(&keylessAddress{ID: 2, Name: "b"}) },
			func() error { return links().Clear() },
			func() error { return links().Append(&keylessAddress{ID: 2, Name: "b"}) },
			func() error { return db.Select("Addresses").Delete(&person).Error },
		} {
			count()
			require.NoError(t, step())
		}
		return list
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		plain := counts(t, database.Open(t))
		require.NoError(t, database.Open(t).Migrator().DropTable("keyless_links", "keyless_people", "keyless_addresses"))
		db := database.Open(t)
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{})))
		require.Equal(t, plain, counts(t, db))
	})
}

func TestAJoinTableThatIsSetUpAfterThePluginIsToldOf(t *testing.T) {
	type lateTag struct{ ID uint }
	type lateTeam struct {
		ID        uint
		Tags      []lateTag `gorm:"many2many:late_links"`
		DeletedAt gorm.DeletedAt
	}
	type lateLink struct {
		LateTeamID uint `gorm:"primaryKey"`
		LateTagID  uint `gorm:"primaryKey"`
		DeletedAt  gorm.DeletedAt
	}
	type plainLink struct {
		LateTeamID uint `gorm:"primaryKey"`
		LateTagID  uint `gorm:"primaryKey"`
		Role       string
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&lateTeam{}}})))
		require.NoError(t, db.SetupJoinTable(&lateTeam{}, "Tags", &lateLink{}))
		team := &lateTeam{ID: 1}
		for name, err := range map[string]error{
			"AutoMigrate": db.AutoMigrate(&lateTeam{}), "Create": db.Create(team).Error, "Find": db.Find(&[]lateTeam{}).Error,
			"Update": db.Model(team).Updates(&lateTeam{ID: 1}).Error, "Delete": db.Delete(team).Error,
			"Append": db.Model(team).Association("Tags").Append(&lateTag{ID: 1}),
		} {
			require.ErrorIs(t, err, softdelete.ErrPolicy, name)
			require.ErrorContains(t, err, "lateTeam.Tags", name)
			require.ErrorContains(t, err, "SetupJoinTable", name)
		}
	})
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&lateTeam{}}})))
		require.NoError(t, db.SetupJoinTable(&lateTeam{}, "Tags", &plainLink{}), "one without a policy says nothing to the plugin")
		require.NoError(t, db.AutoMigrate(&lateTeam{}))
		require.NoError(t, db.Create(&lateTeam{ID: 1, Tags: []lateTag{{ID: 1}}}).Error)
	})
}

func TestALinkToARowThatTheSameDeletionTakesBlocksNothing(t *testing.T) {
	type (
		pairNote struct {
			ID        uint
			DeletedAt gorm.DeletedAt
			Related   []*pairNote `gorm:"many2many:pair_note_related" softdelete:"block"`
		}
		pairSheet struct {
			_  struct{} `softdelete:"archive"`
			ID uint
			// OnSheetID is what the sheet's cascade goes by.
			OnSheetID *uint
			Parts     []*pairSheet `gorm:"foreignKey:OnSheetID;constraint:-" softdelete:"cascade"`
			Related   []*pairSheet `gorm:"many2many:pair_sheet_related;constraint:-" softdelete:"block"`
		}
	)
	one := uint(1)
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&pairNote{}, &pairSheet{}})
		require.NoError(t, db.Create([]*pairNote{{ID: 1}, {ID: 2}, {ID: 3}, {ID: 4}}).Error)
		require.NoError(t, db.Create([]*pairSheet{{ID: 1}, {ID: 2, OnSheetID: &one}, {ID: 3}}).Error)
		for from, to := range map[uint]uint{1: 2, 3: 3} {
			require.NoError(t, db.Model(&pairNote{ID: from}).Association("Related").Append(&pairNote{ID: to}))
		}
		require.NoError(t, db.Model(&pairSheet{ID: 1}).Association("Related").Append(&pairSheet{ID: 2}))
		preview := func(value any) []softdelete.Blocker {
			report, err := softdelete.Preview(db, value)
			require.NoError(t, err)
			return report.Blockers
		}
		require.Len(t, preview(&pairNote{ID: 1}), 1, "the other one stays")
		require.ErrorIs(t, db.Delete(&[]pairNote{{ID: 1}, {ID: 4}}).Error, softdelete.ErrBlocked)
		require.Empty(t, preview(&[]pairNote{{ID: 1}, {ID: 2}}))
		require.NoError(t, db.Delete(&[]pairNote{{ID: 1}, {ID: 2}}).Error)
		require.Empty(t, preview(&pairNote{ID: 3}))
		require.NoError(t, db.Where("id >= 3").Delete(&pairNote{}).Error, "a link to the row itself")
		require.Empty(t, preview(&pairSheet{ID: 1}))
		require.NoError(t, db.Delete(&pairSheet{ID: 1}).Error, "by a cascade")
		require.Equal(t, 1, fixture.Rows(t, db, "pair_sheets"))
	})
}

func TestALinkToADeletedRowBlocksNothing(t *testing.T) {
	type (
		blockLabel struct {
			ID        uint
			DeletedAt gorm.DeletedAt
		}
		blockStore struct {
			_  struct{} `softdelete:"archive"`
			ID uint
		}
		blockDoc struct {
			ID        uint
			DeletedAt gorm.DeletedAt
			Labels    []blockLabel `gorm:"many2many:block_doc_labels" softdelete:"block"`
			Stores    []blockStore `gorm:"many2many:block_doc_stores;constraint:-" softdelete:"block"`
		}
	)
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&blockDoc{}, &blockLabel{}, &blockStore{}})
		require.NoError(t, db.Create(&blockDoc{ID: 1, Labels: []blockLabel{{ID: 1}, {ID: 2}}, Stores: []blockStore{{ID: 1}}}).Error)
		refused := func() []softdelete.Blocker {
			t.Helper()
			preview, err := softdelete.Preview(db, &blockDoc{ID: 1})
			require.NoError(t, err)
			var blocked *softdelete.BlockedError
			require.ErrorAs(t, db.Delete(&blockDoc{ID: 1}).Error, &blocked)
			require.Equal(t, preview.Blockers, blocked.Blockers)
			return blocked.Blockers
		}
		require.Len(t, refused(), 2)
		require.NoError(t, db.Delete(&blockStore{ID: 1}).Error)
		require.EqualValues(t, 2, refused()[0].Rows)
		require.NoError(t, db.Delete(&blockLabel{ID: 1}).Error)
		require.Equal(t, []string{"1,2"}, refused()[0].Keys)
		require.NoError(t, db.Delete(&blockLabel{ID: 2}).Error)
		require.Zero(t, db.Model(&blockDoc{ID: 1}).Association("Labels").Count())
		preview, err := softdelete.Preview(db, &blockDoc{ID: 1})
		require.NoError(t, err)
		require.Empty(t, preview.Blockers)
		require.NoError(t, db.Delete(&blockDoc{ID: 1}).Error)
	})
}
