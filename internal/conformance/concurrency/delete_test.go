package concurrency_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

func TestDeleteAgainstDelete(t *testing.T) { eachConc(t, testDeleteAgainstDelete) }

func testDeleteAgainstDelete(t *testing.T) {
	affected := func(rows *int64, value any) func(db *gorm.DB) error {
		return func(db *gorm.DB) error {
			result := db.Delete(value)
			*rows = result.RowsAffected
			return result.Error
		}
	}

	t.Run("of two deletions of a row one takes it and all under it, the other takes nothing", func(t *testing.T) {
		s := newConcCompany(t)
		tx := s.actor().Begin()
		first := tx.Delete(&concOrg{ID: 1})
		require.NoError(t, first.Error)
		require.EqualValues(t, 1, first.RowsAffected)
		rows, value := int64(-1), concOrg{ID: 1}
		second := s.actor().start(affected(&rows, &value)).waits()
		require.NoError(t, tx.Commit().Error)
		require.NoError(t, second.result())
		require.Zero(t, rows)
		at := s.mark(&concOrg{}, 1)
		require.Equal(t, at, s.mark(&concTeam{}, 11))
		require.Equal(t, at, s.mark(&concMember{}, 111))
		_, err := softdelete.Restore(s.actor().DB, &concOrg{ID: 1})
		require.NoError(t, err)
		for _, model := range concCompany {
			require.Equal(t, "[]", s.deleted(model), "%T", model)
		}
	})
	t.Run("where the first is rolled back, the second takes it all", func(t *testing.T) {
		s := newConcCompany(t)
		tx := s.actor().Begin()
		require.NoError(t, tx.Delete(&concOrg{ID: 1}).Error)
		rows := int64(-1)
		second := s.actor().start(affected(&rows, &concOrg{ID: 1})).waits()
		require.NoError(t, tx.Rollback().Error)
		require.NoError(t, second.result())
		require.EqualValues(t, 1, rows)
		require.Equal(t, "[11] [111] [1111]", s.deleted(&concTeam{}, &concMember{}, &concNote{}))
	})
	t.Run("a row that was deleted first keeps its mark, and so do the rows under it", func(t *testing.T) {
		s := newConcCompany(t)
		require.NoError(t, s.afterCommit(concDelete(&concTeam{ID: 11}), concDelete(&concOrg{ID: 1})))
		require.NotEqual(t, s.mark(&concOrg{}, 1), s.mark(&concTeam{}, 11))
		require.Equal(t, s.mark(&concTeam{}, 11), s.mark(&concMember{}, 111))
		_, err := softdelete.Restore(s.actor().DB, &concOrg{ID: 1})
		require.NoError(t, err)
		require.Equal(t, "[11] [111] [1111]", s.deleted(&concTeam{}, &concMember{}, &concNote{}))
	})
	t.Run("where that deletion is rolled back, the parent's takes it", func(t *testing.T) {
		s := newConcCompany(t)
		require.NoError(t, s.afterRollback(concDelete(&concTeam{ID: 11}), concDelete(&concOrg{ID: 1})))
		at := s.mark(&concOrg{}, 1)
		require.Equal(t, at, s.mark(&concTeam{}, 11))
		require.Equal(t, at, s.mark(&concMember{}, 111))
	})
	t.Run("a row whose parent's deletion came first is not taken again", func(t *testing.T) {
		s := newConcCompany(t)
		tx := s.actor().Begin()
		require.NoError(t, tx.Delete(&concOrg{ID: 1}).Error)
		rows := int64(-1)
		deletion := s.actor().start(affected(&rows, &concTeam{ID: 11})).waits()
		require.NoError(t, tx.Commit().Error)
		require.NoError(t, deletion.result())
		require.Zero(t, rows)
		require.Equal(t, s.mark(&concOrg{}, 1), s.mark(&concTeam{}, 11))
	})
	t.Run("an article under two parents has the mark of one of them, and its remark has the same", func(t *testing.T) {
		s := newConcStage(t, concPress...)
		s.create(&concAuthor{ID: 1}, &concMagazine{ID: 1}, &concArticle{ID: 1, AuthorID: concKey(1), MagazineID: concKey(1)},
			&concRemark{ID: 1, ArticleID: 1})
		require.NoError(t, s.afterCommit(concDelete(&concAuthor{ID: 1}), concDelete(&concMagazine{ID: 1})))
		at := s.mark(&concAuthor{}, 1)
		require.Equal(t, at, s.mark(&concArticle{}, 1))
		require.Equal(t, at, s.mark(&concRemark{}, 1))
		require.NotEqual(t, at, s.mark(&concMagazine{}, 1))
		_, err := softdelete.Restore(s.actor().DB, &concAuthor{ID: 1})
		require.NoError(t, err)
		require.Equal(t, "[1]", s.deleted(&concArticle{}), "the magazine holds it")
		_, err = softdelete.Restore(s.actor().DB, &concMagazine{ID: 1})
		require.NoError(t, err)
		require.Equal(t, "[1] [1]", s.live(&concArticle{}, &concRemark{}))
	})
}

func TestDeleteByConditionAgainstUpdate(t *testing.T) {
	eachConc(t, testDeleteByConditionAgainstUpdate)
}

func testDeleteByConditionAgainstUpdate(t *testing.T) {
	named := func(model any) func(db *gorm.DB) error {
		return func(db *gorm.DB) error { return db.Where("name = ?", "wanted").Delete(model).Error }
	}

	t.Run("a row that stops fulfilling the condition while the deletion waits is left, and so are the rows under it", func(t *testing.T) {
		s := newConcCompany(t)
		require.NoError(t, s.spectator.Model(&concOrg{}).Where("1 = 1").Update("name", "wanted").Error)
		require.NoError(t, s.afterCommit(concUpdate(&concOrg{ID: 1}, "name", "other"), named(&concOrg{})))
		require.Equal(t, "[1] [11] [111]", s.live(&concOrg{}, &concTeam{}, &concMember{}))
		require.Equal(t, "[2]", s.deleted(&concOrg{}))
	})

	t.Run("a row that begins to fulfil the condition goes with its rows, or stays with them", func(t *testing.T) {
		s := newConcStage(t, concPress...)
		s.eachStatement(func(n int) *concStop {
			s.create(&concAuthor{ID: 1, Name: "wanted"}, &concAuthor{ID: 2, Name: "other"},
				&concArticle{ID: 1, AuthorID: concKey(1)}, &concArticle{ID: 2, AuthorID: concKey(2)})
			deleter := s.actor()
			stop := deleter.stopBeforeNumber(n)
			deletion := deleter.start(named(&concAuthor{}))
			stop.wait(deletion)
			require.NoError(t, s.spectator.Model(&concAuthor{ID: 2}).Update("name", "wanted").Error)
			stop.goOn()
			require.NoError(t, deletion.result())
			require.Equal(t, s.live(&concAuthor{}), s.live(&concArticle{}), "stopped before statement %d", n)
			require.Equal(t, s.deleted(&concAuthor{}), s.deleted(&concArticle{}), "stopped before statement %d", n)
			return stop
		})
	})
	t.Run("one that is blocked refuses the deletion, or stays", func(t *testing.T) {
		s := newConcStage(t, concCompany...)
		s.eachStatement(func(n int) *concStop {
			s.createCompany()
			s.create(&concLease{ID: 2, OrgID: 2}, &concLoan{ID: 2, MemberID: 211})
			require.NoError(t, s.spectator.Model(&concOrg{ID: 1}).Update("name", "wanted").Error)
			deleter := s.actor()
			stop := deleter.stopBeforeNumber(n)
			deletion := deleter.start(named(&concOrg{}))
			stop.wait(deletion)
			require.NoError(t, s.spectator.Model(&concOrg{ID: 2}).Update("name", "wanted").Error)
			stop.goOn()
			if err := deletion.result(); err != nil {
				require.ErrorIs(t, err, softdelete.ErrBlocked)
			}
			require.Contains(t, s.live(&concOrg{}), "2", "stopped before statement %d: organization 2 has a live lease", n)
			return stop
		})
	})
}

func TestMoveAgainstDelete(t *testing.T) { eachConc(t, testMoveAgainstDelete) }

func testMoveAgainstDelete(t *testing.T) {
	t.Run("a folder that was moved out of a tree stays live with its own, and one that was moved in goes with its own", func(t *testing.T) {
		s := newConcStage(t, &concFolder{})
		s.create(&concFolder{ID: 1}, &concFolder{ID: 2, ParentID: concKey(1)}, &concFolder{ID: 3, ParentID: concKey(2)},
			&concFolder{ID: 6}, &concFolder{ID: 7, ParentID: concKey(6)}, &concFolder{ID: 8, ParentID: concKey(7)})
		tx := s.actor().Begin()
		require.NoError(t, tx.Model(&concFolder{ID: 2}).Update("parent_id", 6).Error)
		require.NoError(t, tx.Model(&concFolder{ID: 7}).Update("parent_id", 1).Error)
		deletion := s.actor().start(concDelete(&concFolder{ID: 1})).waits()
		require.NoError(t, tx.Commit().Error)
		require.NoError(t, deletion.result())
		require.Equal(t, "[2 3 6]", s.live(&concFolder{}))
		require.Equal(t, "[1 7 8]", s.deleted(&concFolder{}))
	})
	t.Run("one that is moved out without moving another in stays live with its own", func(t *testing.T) {
		s := newConcStage(t, &concFolder{})
		s.create(&concFolder{ID: 1}, &concFolder{ID: 2, ParentID: concKey(1)}, &concFolder{ID: 3, ParentID: concKey(2)}, &concFolder{ID: 6})
		require.NoError(t, s.afterCommit(concUpdate(&concFolder{ID: 2}, "parent_id", 6), concDelete(&concFolder{ID: 1})))
		require.Equal(t, "[2 3 6]", s.live(&concFolder{}))
	})
	t.Run("an article that was moved to another author stays live with its remark", func(t *testing.T) {
		s := newConcStage(t, concPress...)
		s.create(&concAuthor{ID: 1}, &concAuthor{ID: 2}, &concArticle{ID: 1, AuthorID: concKey(1)}, &concRemark{ID: 1, ArticleID: 1})
		require.NoError(t, s.afterCommit(concUpdate(&concArticle{ID: 1}, "author_id", 2), concDelete(&concAuthor{ID: 1})))
		require.Equal(t, "[1] [1]", s.live(&concArticle{}, &concRemark{}))
	})
	t.Run("a hard delete does not remove a row that was moved out while it waited", func(t *testing.T) {
		left := func(s *concStage, model any) (rows int64) {
			require.NoError(t, s.spectator.Model(model).Count(&rows).Error)
			return rows
		}
		s := newConcCompany(t)
		require.NoError(t, s.afterCommit(concUpdate(&concTeam{ID: 11}, "org_id", 2), concRemove(&concOrg{ID: 1})))
		require.EqualValues(t, 2, left(s, &concTeam{}))
		require.EqualValues(t, 2, left(s, &concMember{}))

		s = newConcStage(t, concPress...)
		s.create(&concArticle{ID: 1}, &concArticle{ID: 2}, &concRemark{ID: 1, ArticleID: 1})
		require.NoError(t, s.afterCommit(concUpdate(&concRemark{ID: 1}, "article_id", 2), concRemove(&concArticle{ID: 1})))
		require.EqualValues(t, 1, left(s, &concRemark{}))
	})
}

// A deletion that finds nothing to delete has locked nothing: what comes to fulfil its conditions before its last statement
// would be locked behind its turn, and refused only when it is written.
func TestADeletionThatFindsNoRowTakesNoneThatIsRestoredMeanwhile(t *testing.T) {
	testdb.EachWithRowLocks(t, func(t *testing.T, database *testdb.Database) {
		db, other := database.Open(t), database.Open(t)
		for _, handle := range []*gorm.DB{db, other} {
			require.NoError(t, handle.Use(softdelete.New(softdelete.Config{Models: concCompany})))
		}
		require.NoError(t, db.AutoMigrate(concCompany...))
		require.NoError(t, db.Create(&concOrg{ID: 1, Name: "a"}).Error)
		require.NoError(t, db.Delete(&concOrg{ID: 1}).Error)
		var once sync.Once
		testdb.Inject(db).OnStatement(func(_ int, sql string) error {
			if strings.HasPrefix(sql, "UPDATE") && strings.Contains(sql, "conc_orgs") { // it has looked
				once.Do(func() {
					_, err := softdelete.Restore(other, &concOrg{ID: 1})
					require.NoError(t, err)
					require.NoError(t, other.Create(&concLease{ID: 1, OrgID: 1}).Error)
				})
			}
			return nil
		})
		done := db.Where("name = ?", "a").Delete(&concOrg{})
		require.NoError(t, done.Error)
		require.Zero(t, done.RowsAffected)
		require.NoError(t, other.First(&concOrg{}, 1).Error, "it is live")
	})
}
