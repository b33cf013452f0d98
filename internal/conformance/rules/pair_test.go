package rules_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// rulAuthor has two relations to one model, with different rules.
type rulAuthor struct {
	ID        uint
	DeletedAt gorm.DeletedAt
	Written   []rulText `gorm:"foreignKey:AuthorID" softdelete:"cascade"`
	Reviewed  []rulText `gorm:"foreignKey:ReviewerID" softdelete:"block"`
	Read      []rulText `gorm:"foreignKey:ReaderID" softdelete:"keep"`
}

type rulText struct {
	ID                             uint
	AuthorID, ReviewerID, ReaderID *uint
	DeletedAt                      gorm.DeletedAt
}

func TestRulesOfTwoRelationsToOneModel(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := rulOpen(t, database, &rulAuthor{}, &rulText{})
		require.NoError(t, db.Create(&[]rulAuthor{{ID: 1}, {ID: 2}}).Error)
		one, two := rulRef(1), rulRef(2)
		require.NoError(t, db.Create(&[]rulText{
			{ID: 1, AuthorID: one},
			{ID: 2, AuthorID: one, ReviewerID: one},
			{ID: 3, AuthorID: two, ReviewerID: one},
			{ID: 4, AuthorID: one, ReaderID: one},
			{ID: 5, ReaderID: one},
			{ID: 6, ReviewerID: two},
		}).Error)

		t.Run("a row that blocks and is taken does not block, another does", func(t *testing.T) {
			var blocked *softdelete.BlockedError
			require.ErrorAs(t, db.Delete(&rulAuthor{ID: 1}).Error, &blocked)
			require.Equal(t, []softdelete.Blocker{{Table: "rul_texts", Relation: "Reviewed", Rows: 1, Keys: []string{"3"}}}, blocked.Blockers)
		})

		t.Run("a row that is kept and taken is taken", func(t *testing.T) {
			require.NoError(t, db.Model(&rulText{ID: 3}).Update("reviewer_id", nil).Error)
			require.Equal(t, []softdelete.Effect{
				{Table: "rul_authors", Action: softdelete.ActionDeleted, Rows: 1},
				{Table: "rul_texts", Relation: "Written", Parent: "rul_authors", Action: softdelete.ActionDeleted, Rows: 3},
				{Table: "rul_texts", Relation: "Read", Parent: "rul_authors", Action: softdelete.ActionKept, Rows: 1},
			}, rulDeleted(t, db, &rulAuthor{ID: 1}))
			require.Equal(t, []string{"3", "5", "6"}, rulKeys[rulText](t, db))
			rulRestored(t, db, &rulAuthor{ID: 1})
		})

		t.Run("what one root blocks, another takes", func(t *testing.T) {
			require.NoError(t, db.Model(&rulText{ID: 3}).Update("reviewer_id", 1).Error)
			require.ErrorIs(t, db.Delete(&[]rulAuthor{{ID: 1}, {ID: 2}}).Error, softdelete.ErrBlocked, "text 6 has no author")
			require.NoError(t, db.Model(&rulText{ID: 6}).Update("author_id", 1).Error)
			require.NoError(t, db.Delete(&[]rulAuthor{{ID: 1}, {ID: 2}}).Error)
			require.Equal(t, []string{"5"}, rulKeys[rulText](t, db))
		})
	})
}

// rulNode blocks, rulPlainChild has no policy, rulPlainParent is really deleted.
type rulNode struct {
	ID        uint
	ParentID  *uint
	DeletedAt gorm.DeletedAt
	Children  []rulNode `gorm:"foreignKey:ParentID" softdelete:"block"`
}

type rulPlainParent struct {
	ID       uint
	Children []rulPlainChild `gorm:"foreignKey:ParentID" softdelete:"block"`
	Marked   []rulMarked     `gorm:"foreignKey:ParentID" softdelete:"block"`
}

type (
	rulPlainChild struct{ ID, ParentID uint }
	rulMarked     struct {
		ID, ParentID uint
		DeletedAt    gorm.DeletedAt
	}
)

func TestRuleBlockBeyondParentAndChild(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := rulOpen(t, database, &rulNode{}, &rulPlainParent{}, &rulPlainChild{}, &rulMarked{})

		t.Run("a tree is deleted from its leaves, or all at once", func(t *testing.T) {
			for _, node := range []rulNode{{ID: 1}, {ID: 2, ParentID: rulRef(1)}, {ID: 3, ParentID: rulRef(2)}} {
				require.NoError(t, db.Create(&node).Error)
			}
			require.ErrorIs(t, db.Delete(&rulNode{ID: 1}).Error, softdelete.ErrBlocked)
			require.ErrorIs(t, db.Delete(&[]rulNode{{ID: 1}, {ID: 2}}).Error, softdelete.ErrBlocked)
			require.NoError(t, db.Where("id > 0").Delete(&rulNode{}).Error)
			require.Empty(t, rulKeys[rulNode](t, db))
			_, err := softdelete.Restore(db, &rulNode{ID: 3})
			require.NoError(t, err, "block asks for no live parent")
			require.NoError(t, db.Delete(&rulNode{ID: 3}).Error)
			require.NoError(t, db.Unscoped().Where("id > 0").Delete(&rulNode{}).Error)
			require.Empty(t, rulKeys[rulNode](t, db.Unscoped()))
			require.NoError(t, db.Create(&rulNode{ID: 1, ParentID: rulRef(1)}).Error)
			require.NoError(t, db.Unscoped().Where("parent_id = 1").Delete(&rulNode{ID: 1}).Error, "a row under itself")
			require.Empty(t, rulKeys[rulNode](t, db.Unscoped()))
		})

		t.Run("under a model without policy, and over one", func(t *testing.T) {
			require.NoError(t, db.Create(&rulPlainParent{ID: 1}).Error)
			require.NoError(t, db.Create(&rulPlainChild{ID: 1, ParentID: 1}).Error)
			var blocked *softdelete.BlockedError
			require.ErrorAs(t, db.Delete(&rulPlainParent{ID: 1}).Error, &blocked)
			require.Equal(t, []softdelete.Blocker{{Table: "rul_plain_children", Relation: "Children", Rows: 1, Keys: []string{"1"}}}, blocked.Blockers)
			require.NoError(t, db.Delete(&rulPlainChild{ID: 1}).Error)
			require.Empty(t, rulKeys[rulPlainChild](t, db.Unscoped()), "a model without policy is really deleted")

			require.NoError(t, db.Create(&rulMarked{ID: 1, ParentID: 1}).Error)
			require.NoError(t, db.Delete(&rulMarked{ID: 1}).Error)
			// The deleted child does not block; its foreign key does.
			require.ErrorIs(t, db.Delete(&rulPlainParent{ID: 1}).Error, softdelete.ErrBlocked)
			require.NoError(t, db.Unscoped().Delete(&rulMarked{ID: 1}).Error)
			report, err := softdelete.Delete(db, &rulPlainParent{ID: 1})
			require.NoError(t, err)
			require.Equal(t, []softdelete.Effect{{Table: "rul_plain_parents", Action: softdelete.ActionRemoved, Rows: 1}}, report.Effects)
		})
	})
}

// rulPost and rulLabel are linked by a table that GORM makes.
type rulPost struct {
	ID        uint
	DeletedAt gorm.DeletedAt
	Labels    []rulLabel `gorm:"many2many:rul_post_labels" softdelete:"block"`
	Likers    []rulLabel `gorm:"many2many:rul_post_likers"`
}

type rulLabel struct {
	ID        uint
	DeletedAt gorm.DeletedAt
}

func TestRulesOverAJoinTableOfGORM(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := rulOpen(t, database, &rulPost{}, &rulLabel{})
		post := rulPost{ID: 1}
		require.NoError(t, db.Create(&post).Error)
		require.NoError(t, db.Model(&post).Association("Labels").Append(&rulLabel{ID: 1}, &rulLabel{ID: 2}))
		require.NoError(t, db.Model(&post).Association("Likers").Append(&rulLabel{ID: 2}))
		require.NoError(t, db.Delete(&rulLabel{ID: 1}).Error)

		var blocked *softdelete.BlockedError
		require.ErrorAs(t, db.Delete(&post).Error, &blocked)
		require.Equal(t, []softdelete.Blocker{{Table: "rul_post_labels", Relation: "Labels", Rows: 1, Keys: []string{"1,2"}}}, blocked.Blockers,
			"a live link to a live row blocks")
		require.NoError(t, db.Model(&post).Association("Labels").Clear())
		require.Equal(t, []softdelete.Effect{
			{Table: "rul_posts", Action: softdelete.ActionDeleted, Rows: 1},
			{Table: "rul_post_likers", Relation: "Likers", Parent: "rul_posts", Action: softdelete.ActionKept, Rows: 1},
		}, rulDeleted(t, db, &post))
	})
}

// rulCat and rulDog own toys of one table; each takes its own.
type (
	rulCat struct {
		ID        uint
		DeletedAt gorm.DeletedAt
		Toys      []rulToy `gorm:"polymorphic:Owner" softdelete:"cascade"`
	}
	rulDog struct {
		ID        uint
		DeletedAt gorm.DeletedAt
		Toys      []rulToy `gorm:"polymorphic:Owner" softdelete:"cascade"`
	}
	rulToy struct {
		ID, OwnerID uint
		OwnerType   string
		DeletedAt   gorm.DeletedAt
	}
)

func TestRuleOnPolymorphicRowsOfTwoModels(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := rulOpen(t, database, &rulCat{}, &rulDog{}, &rulToy{})
		require.NoError(t, db.Create(&rulCat{ID: 1, Toys: []rulToy{{ID: 1}, {ID: 2}}}).Error)
		require.NoError(t, db.Create(&rulDog{ID: 1, Toys: []rulToy{{ID: 3}}}).Error)
		rulDeleted(t, db, &rulCat{ID: 1})
		require.Equal(t, []string{"3"}, rulKeys[rulToy](t, db))
		rulDeleted(t, db, &rulDog{ID: 1})
		rulRestored(t, db, &rulCat{ID: 1})
		require.Equal(t, []string{"1", "2"}, rulKeys[rulToy](t, db), "a dog with the same key holds none of the cat's")
		_, err := softdelete.Restore(db, &rulToy{ID: 3})
		require.ErrorIs(t, err, softdelete.ErrParentDeleted)
		rulRestored(t, db, &rulDog{ID: 1})
		require.NoError(t, db.Unscoped().Delete(&rulCat{ID: 1}).Error)
		require.Equal(t, []string{"3"}, rulKeys[rulToy](t, db.Unscoped()))
	})
}

func TestRulesUnderEveryConfigOfGORM(t *testing.T) {
	shape := rulUnder[rulA, rulAChild, rulABlocker]()
	for name, config := range map[string]gorm.Config{
		"PrepareStmt":            {PrepareStmt: true},
		"SkipDefaultTransaction": {SkipDefaultTransaction: true},
		"both":                   {PrepareStmt: true, SkipDefaultTransaction: true},
		"TranslateError":         {TranslateError: true, QueryFields: true, CreateBatchSize: 1, AllowGlobalUpdate: true, PropagateUnscoped: true},
		"names as they are":      {NamingStrategy: schema.NamingStrategy{TablePrefix: "Pre_", SingularTable: true, NoLowerCase: true}},
		"no nested transactions": {DisableNestedTransaction: true, FullSaveAssociations: true},
	} {
		shape.config = config
		t.Run(name, func(t *testing.T) { rulObeys(t, shape) })
	}
}

// rulAlbum and its songs: the caller may ask GORM to delete relations too.
type rulAlbum struct {
	ID         uint
	DeletedAt  gorm.DeletedAt
	DeletionID softdelete.DeletionID
	Songs      []rulSong `gorm:"foreignKey:AlbumID" softdelete:"cascade"`
	Fans       []rulFan  `gorm:"foreignKey:AlbumID"`
}

type rulSong struct {
	ID, AlbumID uint
	DeletedAt   gorm.DeletedAt
	DeletionID  softdelete.DeletionID
}

type rulFan rulSong

func TestDeleteWithSelectedRelations(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		for name, query := range map[string]any{"the cascade": "Songs", "a kept relation": "Fans", "all": clause.Associations} {
			t.Run(name, func(t *testing.T) {
				db := rulOpen(t, database, &rulAlbum{}, &rulSong{}, &rulFan{})
				require.NoError(t, db.Exec("DELETE FROM rul_songs").Error)
				require.NoError(t, db.Exec("DELETE FROM rul_fans").Error)
				require.NoError(t, db.Exec("DELETE FROM rul_albums").Error)
				require.NoError(t, db.Create(&rulAlbum{ID: 1, Songs: []rulSong{{ID: 1}, {ID: 2}}, Fans: []rulFan{{ID: 1}}}).Error)
				require.NoError(t, db.Delete(&rulSong{ID: 2}).Error)

				report, err := softdelete.Delete(db.Select(query), &rulAlbum{ID: 1})
				require.NoError(t, err)
				require.Empty(t, rulKeys[rulSong](t, db))
				fans := map[bool][]string{true: {"1"}, false: {}}[query == "Songs"]
				require.Equal(t, fans, rulKeys[rulFan](t, db))
				var song rulSong
				require.NoError(t, db.Unscoped().First(&song, 1).Error)
				require.Equal(t, report.DeletionID, song.DeletionID, "one deletion, one mark")

				_, err = softdelete.RestoreDeletion(db, report.DeletionID)
				require.NoError(t, err)
				require.Equal(t, []string{"1"}, rulKeys[rulAlbum](t, db))
				require.Equal(t, []string{"1"}, rulKeys[rulSong](t, db))
				require.Equal(t, []string{"1"}, rulKeys[rulFan](t, db))
			})
		}
	})
}
