package gorm_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

func TestTheGenericsAPI(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db, ctx := newContract(t, database), t.Context()
		names := func(teams []contractTeam) (names []string) {
			for _, team := range teams {
				names = append(names, team.Name)
			}
			return names
		}

		t.Run("Delete obeys the rules and counts root rows", func(t *testing.T) {
			rows, err := gorm.G[contractTeam](db).Where("name = ?", "one").Delete(ctx)
			require.NoError(t, err)
			require.Equal(t, 1, rows)
			require.Equal(t, "two three: c", contractLive(t, db))
			rows, err = gorm.G[contractTeam](db).Where("name = ?", "one").Delete(ctx)
			require.NoError(t, err)
			require.Zero(t, rows)
		})
		t.Run("Delete with a report", func(t *testing.T) {
			var report softdelete.Report
			rows, err := gorm.G[contractTeam](db, softdelete.Into(&report)).Where("name = ?", "three").Delete(ctx)
			require.NoError(t, err)
			require.Equal(t, 1, rows)
			require.NotEmpty(t, report.DeletionID)
			require.Equal(t, []softdelete.Effect{{Table: "contract_teams", Action: softdelete.ActionDeleted, Rows: 1}}, report.Effects)
		})
		t.Run("reads show the live rows", func(t *testing.T) {
			_, err := gorm.G[contractTeam](db).Where("name = ?", "one").First(ctx)
			require.ErrorIs(t, err, gorm.ErrRecordNotFound)
			team, err := gorm.G[contractTeam](db).Where("name = ?", "two").Take(ctx)
			require.NoError(t, err)
			require.Equal(t, "two", team.Name)
			teams, err := gorm.G[contractTeam](db).Order("id").Find(ctx)
			require.NoError(t, err)
			require.Equal(t, []string{"two"}, names(teams))
			count, err := gorm.G[contractTeam](db).Count(ctx, "*")
			require.NoError(t, err)
			require.EqualValues(t, 1, count)
		})
		t.Run("views open them", func(t *testing.T) {
			for _, tc := range []struct {
				view clause.Expression
				want []string
			}{{softdelete.WithDeleted, []string{"one", "two", "three"}}, {softdelete.OnlyDeleted, []string{"one", "three"}}} {
				teams, err := gorm.G[contractTeam](db, tc.view).Order("id").Find(ctx)
				require.NoError(t, err)
				require.Equal(t, tc.want, names(teams))
				count, err := gorm.G[contractTeam](db, tc.view).Count(ctx, "*")
				require.NoError(t, err)
				require.EqualValues(t, len(tc.want), count)
			}
			team, err := gorm.G[contractTeam](db, softdelete.WithDeleted).Where("name = ?", "one").First(ctx)
			require.NoError(t, err)
			require.True(t, team.DeletedAt.Valid)
		})
		t.Run("preloads follow the view", func(t *testing.T) {
			for _, view := range []clause.Expression{softdelete.WithDeleted, softdelete.OnlyDeleted} {
				teams, err := gorm.G[contractTeam](db, view).Where("name = ?", "one").Preload("Members", nil).Find(ctx)
				require.NoError(t, err)
				require.Len(t, teams[0].Members, 2)
			}
			teams, err := gorm.G[contractTeam](db, softdelete.WithDeletedIn("Members")).Preload("Members", nil).Find(ctx)
			require.NoError(t, err)
			require.Len(t, teams, 1)
		})
		t.Run("updates touch live rows", func(t *testing.T) {
			rows, err := gorm.G[contractTeam](db).Where("id < ?", 9).Update(ctx, "name", "new")
			require.NoError(t, err)
			require.Equal(t, 1, rows)
			rows, err = gorm.G[contractTeam](db).Where("name = ?", "one").Updates(ctx, contractTeam{Name: "never"})
			require.NoError(t, err)
			require.Zero(t, rows)
			require.Equal(t, "new: c", contractLive(t, db))
		})
		t.Run("Create", func(t *testing.T) {
			team := contractTeam{Name: "four"}
			require.NoError(t, gorm.G[contractTeam](db).Create(ctx, &team))
			require.Equal(t, "new four: c", contractLive(t, db))
		})
		t.Run("in a transaction", func(t *testing.T) {
			require.ErrorIs(t, db.Transaction(func(tx *gorm.DB) error {
				if _, err := gorm.G[contractTeam](tx).Where("name = ?", "four").Delete(ctx); err != nil {
					return err
				}
				return errHook
			}), errHook)
			require.Equal(t, "new four: c", contractLive(t, db))
		})
	})
}
