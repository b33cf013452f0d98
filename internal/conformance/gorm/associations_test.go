package gorm_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// assocUser has every kind of relation without a cascade.
type assocUser struct {
	ID         uint
	DeletedAt  gorm.DeletedAt
	DeletionID softdelete.DeletionID
	BossID     *uint
	Boss       *assocUser
	Posts      []assocPost   `gorm:"foreignKey:UserID" softdelete:"keep"`
	Profile    *assocProfile `gorm:"foreignKey:UserID"`
	Bills      []assocBill   `gorm:"foreignKey:UserID" softdelete:"block"`
	Tags       []assocTag    `gorm:"many2many:assoc_user_tags"`
}

type assocPost struct {
	ID         uint
	UserID     uint
	Status     string `softdelete:"status"`
	DeletionID softdelete.DeletionID
	Comments   []assocComment `gorm:"foreignKey:PostID"`
}

type assocComment struct {
	ID         uint
	PostID     uint
	Gone       bool `softdelete:"flag"`
	DeletionID softdelete.DeletionID
}

type assocProfile struct {
	ID     uint
	UserID uint
}

type assocBill struct {
	ID        uint
	UserID    uint
	DeletedAt gorm.DeletedAt
}

type assocTag struct {
	ID        uint
	DeletedAt gorm.DeletedAt
}

// assocRows counts the rows that a query of each model shows.
type assocRows struct{ Users, Posts, Comments, Profiles, Tags, Links int64 }

var allAssocRows = assocRows{Users: 3, Posts: 2, Comments: 2, Profiles: 1, Tags: 2, Links: 2}

func countAssoc(t *testing.T, db *gorm.DB) (rows assocRows) {
	t.Helper()
	for model, into := range map[any]*int64{
		&assocUser{}: &rows.Users, &assocPost{}: &rows.Posts, &assocComment{}: &rows.Comments,
		&assocProfile{}: &rows.Profiles, &assocTag{}: &rows.Tags,
	} {
		require.NoError(t, db.Model(model).Count(into).Error)
	}
	require.NoError(t, db.Table("assoc_user_tags").Count(&rows.Links).Error)
	return rows
}

// newAssoc makes the users 1, with everything, 2, with bills, and 3, the boss of both.
func newAssoc(t *testing.T, database *testdb.Database) *gorm.DB {
	t.Helper()
	models := []any{&assocUser{}, &assocPost{}, &assocComment{}, &assocProfile{}, &assocBill{}, &assocTag{}}
	db := fixture.Models(t, database, models)
	require.NoError(t, db.Create(&assocUser{ID: 3}).Error)
	boss := uint(3)
	require.NoError(t, db.Create(&[]assocUser{
		{
			ID: 1, BossID: &boss, Posts: []assocPost{{ID: 1, Comments: []assocComment{{ID: 1}, {ID: 2}}}, {ID: 2}},
			Profile: &assocProfile{ID: 1}, Tags: []assocTag{{ID: 1}, {ID: 2}},
		},
		{ID: 2, BossID: &boss, Bills: []assocBill{{ID: 1}}},
	}).Error)
	require.Equal(t, allAssocRows, countAssoc(t, db))
	return db
}

func TestDeleteWithSelectedAssociations(t *testing.T) {
	cases := []struct {
		name string
		call func(db *gorm.DB) *gorm.DB
		want assocRows
	}{
		{
			"none is the row alone",
			func(db *gorm.DB) *gorm.DB { return db.Delete(&assocUser{ID: 1}) },
			assocRows{Users: 2, Posts: 2, Comments: 2, Profiles: 1, Tags: 2, Links: 2},
		},
		{
			"a has-many with a policy is marked with the row",
			func(db *gorm.DB) *gorm.DB { return db.Select("Posts").Delete(&assocUser{ID: 1}) },
			assocRows{Users: 2, Posts: 0, Comments: 2, Profiles: 1, Tags: 2, Links: 2},
		},
		{
			"a nested one, too",
			func(db *gorm.DB) *gorm.DB { return db.Select("Posts", "Posts.Comments").Delete(&assocUser{ID: 1}) },
			assocRows{Users: 2, Posts: 0, Comments: 2, Profiles: 1, Tags: 2, Links: 2}, // GORM deletes no nested rows without their parents' keys
		},
		{
			"a has-one without a policy is removed",
			func(db *gorm.DB) *gorm.DB { return db.Select("Profile").Delete(&assocUser{ID: 1}) },
			assocRows{Users: 2, Posts: 2, Comments: 2, Profiles: 0, Tags: 2, Links: 2},
		},
		{
			"a many2many loses its links, not its rows",
			func(db *gorm.DB) *gorm.DB { return db.Select("Tags").Delete(&assocUser{ID: 1}) },
			assocRows{Users: 2, Posts: 2, Comments: 2, Profiles: 1, Tags: 2, Links: 0},
		},
		{
			"a belongs-to stays",
			func(db *gorm.DB) *gorm.DB { return db.Select("Boss").Delete(&assocUser{ID: 1}) },
			assocRows{Users: 2, Posts: 2, Comments: 2, Profiles: 1, Tags: 2, Links: 2},
		},
		{
			"all of them",
			func(db *gorm.DB) *gorm.DB { return db.Select(clause.Associations).Delete(&assocUser{ID: 1}) },
			assocRows{Users: 2, Posts: 0, Comments: 2, Profiles: 0, Tags: 2, Links: 0},
		},
		{
			"Unscoped removes row and associations",
			func(db *gorm.DB) *gorm.DB {
				db.Where("1 = 1").Unscoped().Delete(&assocComment{})
				return db.Unscoped().Select(clause.Associations).Delete(&assocUser{ID: 1})
			},
			assocRows{Users: 2, Posts: 0, Comments: 0, Profiles: 0, Tags: 2, Links: 0},
		},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				db := newAssoc(t, database)
				done := tc.call(db)
				require.NoError(t, done.Error)
				require.EqualValues(t, 1, done.RowsAffected)
				require.Equal(t, tc.want, countAssoc(t, db))
			})
		})
	}
}

func TestSelectedAssociationsBelongToTheDeletion(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newAssoc(t, database)
		user := assocUser{ID: 1}
		preview, err := softdelete.Preview(db.Select("Posts"), &user)
		require.NoError(t, err)
		require.Equal(t, allAssocRows, countAssoc(t, db))
		report, err := softdelete.Delete(db.Select("Posts"), &user)
		require.NoError(t, err)
		fixture.Foresaw(t, preview.Effects, report.Effects)
		require.Equal(t, []softdelete.Effect{
			{Table: "assoc_users", Action: softdelete.ActionDeleted, Rows: 1},
			{Table: "assoc_posts", Relation: "Posts", Parent: "assoc_users", Action: softdelete.ActionDeleted, Rows: 2},
		}, report.Effects[:2])
		var posts []assocPost
		require.NoError(t, db.Unscoped().Find(&posts).Error)
		require.Len(t, posts, 2)
		for _, post := range posts {
			require.Equal(t, report.DeletionID, post.DeletionID)
			require.Equal(t, user.DeletionID, post.DeletionID)
		}
		_, err = softdelete.RestoreDeletion(db, report.DeletionID)
		require.NoError(t, err)
		require.Equal(t, allAssocRows, countAssoc(t, db))
	})
}

func TestABlockedDeletionKeepsItsSelectedAssociations(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newAssoc(t, database)
		require.NoError(t, db.Model(&assocPost{}).Where("id = 2").Update("user_id", 2).Error)
		require.ErrorIs(t, db.Select("Posts").Delete(&assocUser{ID: 2}).Error, softdelete.ErrBlocked)
		require.Equal(t, allAssocRows, countAssoc(t, db))
		var bills int64
		require.NoError(t, db.Model(&assocBill{}).Count(&bills).Error)
		require.EqualValues(t, 1, bills)
	})
}

func TestSelectedRowsDoNotBlockTheDeletionThatTakesThem(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newAssoc(t, database)
		report, err := softdelete.Preview(db.Select("Bills"), &assocUser{ID: 2})
		require.NoError(t, err)
		require.Empty(t, report.Blockers)
		require.ErrorIs(t, db.Select("Bills").Where("id = 2").Delete(&assocUser{}).Error, softdelete.ErrBlocked, "GORM finds no bills without a key")
		require.NoError(t, db.Select("Bills").Delete(&assocUser{ID: 2}).Error)
		var bills int64
		require.NoError(t, db.Model(&assocBill{}).Count(&bills).Error)
		require.Zero(t, bills)
		require.EqualValues(t, 2, countAssoc(t, db).Users)
	})
}

func TestAssociationModeKeepsItsMeaning(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newAssoc(t, database)
		user := assocUser{ID: 1}
		require.NoError(t, db.Delete(&assocPost{ID: 1}).Error)
		require.NoError(t, db.Delete(&assocTag{ID: 1}).Error)
		require.EqualValues(t, 1, db.Model(&user).Association("Posts").Count())
		require.EqualValues(t, 1, db.Model(&user).Association("Tags").Count())
		var posts []assocPost
		require.NoError(t, db.Model(&user).Association("Posts").Find(&posts))
		require.Len(t, posts, 1)
		require.EqualValues(t, 2, posts[0].ID)
		require.NoError(t, db.Model(&user).Association("Posts").Append(&assocPost{ID: 3}))
		require.EqualValues(t, 2, db.Model(&user).Association("Posts").Count())
		require.NoError(t, db.Model(&user).Association("Tags").Clear())
		require.Equal(t, assocRows{Users: 3, Posts: 2, Comments: 2, Profiles: 1, Tags: 1, Links: 0}, countAssoc(t, db))
		require.NoError(t, db.Model(&user).Association("Posts").Unscoped().Delete(&assocPost{ID: 2}))
		var post assocPost
		require.NoError(t, db.Unscoped().Take(&post, 2).Error, "a row of a model with a policy is deleted by its policy")
		require.Equal(t, "deleted", post.Status)
	})
}
