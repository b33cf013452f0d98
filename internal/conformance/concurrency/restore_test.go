package concurrency_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

func TestRestoreAgainstDelete(t *testing.T) { eachConc(t, testRestoreAgainstDelete) }

func testRestoreAgainstDelete(t *testing.T) {
	// Team 11 was deleted on its own: it has a mark of its own.
	staged := func(t *testing.T) *concStage {
		s := newConcCompany(t)
		require.NoError(t, s.actor().Delete(&concTeam{ID: 11}).Error)
		return s
	}

	t.Run("a restore that came first is seen by the parent's deletion, which waits and takes the rows again", func(t *testing.T) {
		s := staged(t)
		require.NoError(t, s.afterCommit(concRestore(&concTeam{ID: 11}), concDelete(&concOrg{ID: 1})))
		at := s.mark(&concOrg{}, 1)
		require.Equal(t, at, s.mark(&concTeam{}, 11))
		require.Equal(t, at, s.mark(&concMember{}, 111))
		require.Equal(t, "[1111]", s.deleted(&concNote{}))
	})
	t.Run("where it is rolled back, the rows keep their former mark", func(t *testing.T) {
		s := staged(t)
		require.NoError(t, s.afterRollback(concRestore(&concTeam{ID: 11}), concDelete(&concOrg{ID: 1})))
		require.NotEqual(t, s.mark(&concOrg{}, 1), s.mark(&concTeam{}, 11))
	})
	t.Run("a restore waits for the parent's deletion that came first, and is refused", func(t *testing.T) {
		s := staged(t)
		require.ErrorIs(t, s.afterCommit(concDelete(&concOrg{ID: 1}), concRestore(&concTeam{ID: 11})), softdelete.ErrParentDeleted)
		require.Equal(t, "[11]", s.deleted(&concTeam{}))
	})
	t.Run("a restore below a row that is about to be taken is seen too", func(t *testing.T) {
		s := newConcCompany(t)
		require.NoError(t, s.actor().Delete(&concMember{ID: 111}).Error)
		require.NoError(t, s.afterCommit(concRestore(&concMember{ID: 111}), concDelete(&concOrg{ID: 1})))
		require.Equal(t, s.mark(&concOrg{}, 1), s.mark(&concMember{}, 111))
		require.Equal(t, "[1111]", s.deleted(&concNote{}))
	})
	t.Run("a row that is deleted while its restore runs does not come back under a deleted parent", func(t *testing.T) {
		s := newConcStage(t, concCompany...)
		s.eachStatement(func(n int) *concStop {
			s.createCompany()
			restorer, deleter := s.actor(), s.actor()
			stop := restorer.stopBeforeNumber(n)
			restore := restorer.start(concRestore(&concTeam{ID: 11}))
			stop.wait(restore)
			require.NoError(t, deleter.Delete(&concTeam{ID: 11}).Error)
			atCommit := restorer.stopBefore("COMMIT")
			stop.goOn()
			if !stop.last {
				atCommit.wait(restore)
			}
			deletion := deleter.start(concDelete(&concOrg{ID: 1}))
			deletion.waitsOrEnds()
			atCommit.goOn()
			if err := restore.result(); err != nil {
				require.ErrorIs(t, err, softdelete.ErrParentDeleted)
			}
			require.NoError(t, deletion.result())
			require.Equal(t, "[21] [211]", s.live(&concTeam{}, &concMember{}), "stopped before statement %d", n)
			return stop
		})
	})
	t.Run("a row under two parents does not come back under one that is deleted meanwhile", func(t *testing.T) {
		s := newConcStage(t, concPress...)
		s.eachStatement(func(n int) *concStop {
			s.createDiamond()
			require.NoError(t, s.actor().Delete(&concAuthor{ID: 1}).Error)
			restorer := s.actor()
			stop := restorer.stopBeforeNumber(n)
			restore := restorer.start(concRestore(&concAuthor{ID: 1}))
			restore.meets(stop, concDelete(&concMagazine{ID: 1}))
			require.Equal(t, "[1]", s.live(&concAuthor{}))
			require.Equal(t, "[1]", s.deleted(&concArticle{}), "stopped before statement %d", n)
			s.requireArticleIsBackWithTheMagazine(n)
			return stop
		})
	})
	for name, others := range map[string]int{"": 0, ", beside many": 120} {
		t.Run("a row that begins to fulfil the restore's condition comes back with its rows, or not at all"+name, func(t *testing.T) {
			s := newConcStage(t, concPress...)
			s.eachStatement(func(n int) *concStop {
				s.create(&concAuthor{ID: 1, Name: "wanted"}, &concAuthor{ID: 2, Name: "wanted"},
					&concArticle{ID: 1, AuthorID: concKey(1)}, &concArticle{ID: 2, AuthorID: concKey(2)})
				fixture.Exec(t, s.spectator, fixture.Series("conc_authors (id, name)", others, "i + 2, 'wanted'"))
				fixture.Exec(t, s.spectator, fixture.Series("conc_articles (id, author_id)", others, "i + 2, i + 2"))
				require.NoError(t, s.actor().Where("id <> 2").Delete(&concAuthor{}).Error)
				restorer := s.actor()
				stop := restorer.stopBeforeNumber(n)
				restore := restorer.start(func(db *gorm.DB) error {
					return concRestore(&concAuthor{})(db.Where("name = ?", "wanted"))
				})
				restore.meets(stop, concDelete(&concAuthor{ID: 2}))
				require.Equal(t, s.live(&concAuthor{}), s.live(&concArticle{}), "stopped before statement %d", n)
				return stop
			})
		})
	}
}

// createDiamond is an article under an author and a magazine, with a remark.
func (s *concStage) createDiamond() {
	s.create(&concAuthor{ID: 1}, &concMagazine{ID: 1}, &concArticle{ID: 1, AuthorID: concKey(1), MagazineID: concKey(1)},
		&concRemark{ID: 1, ArticleID: 1})
}

func TestRestoreAgainstRestore(t *testing.T) { eachConc(t, testRestoreAgainstRestore) }

func testRestoreAgainstRestore(t *testing.T) {
	t.Run("of two restores of a row one brings it back, the other does nothing", func(t *testing.T) {
		s := newConcCompany(t)
		require.NoError(t, s.actor().Delete(&concOrg{ID: 1}).Error)
		tx := s.actor().Begin()
		require.NoError(t, concRestore(&concOrg{ID: 1})(tx))
		var report softdelete.Report
		second := s.actor().start(func(db *gorm.DB) (err error) {
			report, err = softdelete.Restore(db, &concOrg{ID: 1})
			return err
		}).waits()
		require.NoError(t, tx.Commit().Error)
		require.NoError(t, second.result())
		for _, e := range report.Effects {
			require.Zero(t, e.Rows, "%+v", e)
		}
		for _, model := range concCompany {
			require.Equal(t, "[]", s.deleted(model), "%T", model)
		}
	})
	t.Run("a child's restore waits for its parent's that came first, and then brings the child back", func(t *testing.T) {
		s := newConcCompany(t)
		require.NoError(t, s.actor().Delete(&concTeam{ID: 11}).Error)
		require.NoError(t, s.actor().Delete(&concOrg{ID: 1}).Error)
		require.NoError(t, s.afterCommit(concRestore(&concOrg{ID: 1}), concRestore(&concTeam{ID: 11})))
		require.Equal(t, "[] [] []", s.deleted(&concOrg{}, &concTeam{}, &concNote{}))
	})
	t.Run("it is refused where the parent's is rolled back", func(t *testing.T) {
		s := newConcCompany(t)
		require.NoError(t, s.actor().Delete(&concTeam{ID: 11}).Error)
		require.NoError(t, s.actor().Delete(&concOrg{ID: 1}).Error)
		require.ErrorIs(t, s.afterRollback(concRestore(&concOrg{ID: 1}), concRestore(&concTeam{ID: 11})), softdelete.ErrParentDeleted)
		require.Equal(t, "[11]", s.deleted(&concTeam{}))
	})

	// Two restores of rows of one deletion, the first one stopped before each of its statements.
	for _, pair := range []struct {
		name          string
		first, second any
	}{
		{"of the same row", &concOrg{ID: 1}, &concOrg{ID: 1}},
		{"of a parent and a child", &concOrg{ID: 1}, &concTeam{ID: 11}},
		{"of a child and its parent", &concTeam{ID: 11}, &concOrg{ID: 1}},
		{"of a row and one two levels below", &concOrg{ID: 1}, &concMember{ID: 111}},
		{"of a row two levels below and its ancestor", &concMember{ID: 111}, &concOrg{ID: 1}},
		{"of a row three levels below and its ancestor", &concNote{ID: 1111}, &concOrg{ID: 1}},
	} {
		t.Run("restores "+pair.name+" do not both wait for each other", func(t *testing.T) {
			s := newConcStage(t, concCompany...)
			s.eachStatement(func(n int) *concStop {
				s.createCompany()
				require.NoError(t, s.actor().Delete(&concOrg{ID: 1}).Error)
				stop := s.pair(n, concRestore(pair.first), concRestore(pair.second), softdelete.ErrParentDeleted)
				for _, model := range concCompany {
					require.Equal(t, "[]", s.deleted(model), "%T, stopped before statement %d", model, n)
				}
				return stop
			})
		})
	}
	t.Run("restores of a folder and of one in it do not both wait for each other", func(t *testing.T) {
		s := newConcStage(t, &concFolder{})
		s.eachStatement(func(n int) *concStop {
			s.create(&concFolder{ID: 3}, &concFolder{ID: 2, ParentID: concKey(3)}, &concFolder{ID: 1, ParentID: concKey(2)})
			require.NoError(t, s.actor().Delete(&concFolder{ID: 3}).Error)
			stop := s.pair(n, concRestore(&concFolder{ID: 3}), concRestore(&concFolder{ID: 2}), softdelete.ErrParentDeleted)
			require.Equal(t, "[1 2 3]", s.live(&concFolder{}))
			return stop
		})
	})
	for _, pair := range []struct {
		name          string
		first, second any
	}{
		{"the author first", &concAuthor{ID: 1}, &concMagazine{ID: 1}},
		{"the magazine first", &concMagazine{ID: 1}, &concAuthor{ID: 1}},
	} {
		t.Run("restores of both parents of the same rows do not both wait for each other, and lose no row: "+pair.name, func(t *testing.T) {
			s := newConcStage(t, concPress...)
			s.eachStatement(func(n int) *concStop {
				// Each of the deletions takes one of the articles.
				s.createDiamond()
				require.NoError(t, s.actor().Delete(&concAuthor{ID: 1}).Error)
				s.create(&concArticle{ID: 2, AuthorID: concKey(1), MagazineID: concKey(1)})
				require.NoError(t, s.actor().Delete(&concMagazine{ID: 1}).Error)
				stop := s.pair(n, concRestore(pair.first), concRestore(pair.second), softdelete.ErrParentDeleted)
				require.Equal(t, "[1] [1] [1 2] [1]", s.live(&concAuthor{}, &concMagazine{}, &concArticle{}, &concRemark{}), "stopped before statement %d", n)
				return stop
			})
		})
	}
	t.Run("a row that is handed over to a deletion while its restore waits comes back, and is lost to no later deletion", func(t *testing.T) {
		s := newConcStage(t, concPress...)
		s.eachStatement(func(n int) *concStop {
			s.createDiamond()
			require.NoError(t, s.actor().Delete(&concMagazine{ID: 1}).Error)
			require.NoError(t, s.actor().Delete(&concAuthor{ID: 1}).Error)
			// The magazine's restore gives the article to the author's deletion.
			tx := s.actor().Begin()
			require.NoError(t, concRestore(&concMagazine{ID: 1})(tx))
			restorer := s.actor()
			restore := restorer.start(concRestore(&concAuthor{ID: 1})).waits()
			stop := restorer.stopBeforeNumber(n)
			require.NoError(t, tx.Commit().Error)
			restore.meets(stop, concDelete(&concMagazine{ID: 1}))
			require.Equal(t, "[1]", s.live(&concAuthor{}))
			require.Equal(t, "[1]", s.deleted(&concMagazine{}))
			require.Equal(t, "[]", s.live(&concArticle{}), "stopped before statement %d", n)
			s.requireArticleIsBackWithTheMagazine(n)
			return stop
		})
	})
}

// requireArticleIsBackWithTheMagazine restores the magazine, with which the diamond's article comes back.
func (s *concStage) requireArticleIsBackWithTheMagazine(n int) {
	s.t.Helper()
	require.NoError(s.t, concRestore(&concMagazine{ID: 1})(s.actor().DB))
	require.Equal(s.t, "[1] [1]", s.live(&concArticle{}, &concRemark{}), "stopped before statement %d", n)
}
