package migrate_test

import (
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	liveUser struct {
		ID        uint
		Email     string `gorm:"size:100;uniqueIndex"`
		Code      string `gorm:"unique"`
		First     string `gorm:"size:50;uniqueIndex:live_names,length:20"`
		Last      string `gorm:"size:50;uniqueIndex:live_names,sort:desc"`
		DeletedAt gorm.DeletedAt
	}
	// liveStatus is the same with another strategy.
	liveStatus struct {
		ID     uint
		Email  string `gorm:"size:100;uniqueIndex"`
		Code   string `gorm:"unique"`
		First  string `gorm:"size:50;uniqueIndex:live_names,length:20"`
		Last   string `gorm:"size:50;uniqueIndex:live_names,sort:desc"`
		Status string `gorm:"size:20" softdelete:"status;deleted:it's gone"`
	}
)

func (liveUser) TableName() string   { return "live_users" }
func (liveStatus) TableName() string { return "live_users" }

// oneOf tries to make a row that shares one value with a live row, for each that is unique.
func oneOf(db *gorm.DB, n int) map[string]error {
	v := fmt.Sprint(n)
	create := func(email, code, names string) error {
		return db.Exec("INSERT INTO live_users (email, code, first, last) VALUES (?, ?, ?, ?)", email, code, names, names).Error
	}
	return map[string]error{
		"email": create("live", "c"+v, "n"+v), "code": create("e"+v, "live", "n"+v), "names": create("e"+v, "c"+v, "live"),
	}
}

func requireNoDuplicate(t *testing.T, db *gorm.DB, n int) {
	t.Helper()
	for name, err := range oneOf(db, n) {
		require.Error(t, err, "%s is unique, %d", name, n)
	}
}

func TestAMigrationThatIsInterruptedAnywhereKeepsLiveRowsUniqueAndIsCompletedByTheNext(t *testing.T) {
	for name, before := range map[string]func(t *testing.T, db *gorm.DB){
		"a table of plain GORM's": func(t *testing.T, db *gorm.DB) {
			require.NoError(t, db.AutoMigrate(&liveUser{}))
		},
		"a table over live rows of another strategy": func(t *testing.T, db *gorm.DB) {
			require.NoError(t, db.AutoMigrate(&liveStatus{}))
			require.NoError(t, db.Use(softdelete.New(softdelete.Config{})))
			require.NoError(t, db.AutoMigrate(&liveStatus{}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			testdb.EachOf(t, testdb.LiveColumns, func(t *testing.T, database *testdb.Database) {
				plain := database.Open(t)
				before(t, plain)
				insert := func() {
					require.NoError(t, plain.Exec("INSERT INTO live_users (email, code, first, last) VALUES ('live', 'live', 'live', 'live')").Error)
				}
				insert()
				db := fixture.Use(t, database, softdelete.Config{})
				faults, duplicates := testdb.Inject(db), 0
				// Every change is sent in turn, and the connection is lost before it or behind it.
				for changed := 1; ; changed++ {
					for _, sent := range []bool{false, true} {
						count, failed := 0, false
						plan := func(_ int, sql string) error {
							if strings.HasPrefix(sql, "ALTER") || strings.HasPrefix(sql, "DROP") || strings.HasPrefix(sql, "CREATE") {
								if count++; count == changed {
									failed = true
									return fixture.Err
								}
							}
							return nil
						}
						require.NoError(t, plain.Exec("DROP TABLE live_users").Error)
						beforeAnew(t, database, name)
						insert()
						if sent {
							faults.AfterStatement(plan)
						} else {
							faults.OnStatement(plan)
						}
						err := db.AutoMigrate(&liveUser{})
						faults.Reset()
						if !failed {
							require.NoError(t, err)
							require.Greater(t, changed, 3)
							return
						}
						require.ErrorIs(t, err, fixture.Err)
						duplicates++
						requireNoDuplicate(t, plain, duplicates)
						require.NoError(t, db.AutoMigrate(&liveUser{}))
						requireNoDuplicate(t, plain, duplicates)
						requireNoFurtherChange(t, db, &liveUser{})
						require.NoError(t, db.Where("email = ?", "live").Delete(&liveUser{}).Error)
						require.NoError(t, db.Create(&liveUser{Email: "live", Code: "live", First: "live", Last: "live"}).Error)
						requireNoDuplicate(t, plain, duplicates)
					}
				}
			})
		})
	}
}

// beforeAnew makes the table as it was.
func beforeAnew(t *testing.T, database *testdb.Database, name string) {
	t.Helper()
	db := database.Open(t)
	if name == "a table of plain GORM's" {
		require.NoError(t, db.AutoMigrate(&liveUser{}))
		return
	}
	require.NoError(t, db.Use(softdelete.New(softdelete.Config{})))
	require.NoError(t, db.AutoMigrate(&liveStatus{}))
}

func TestAnIndexIsNarrowedUnderWritersAndNoLiveDuplicateIsAccepted(t *testing.T) {
	testdb.EachOf(t, testdb.LiveColumns, func(t *testing.T, database *testdb.Database) {
		plain := database.Open(t)
		require.NoError(t, plain.AutoMigrate(&liveUser{}))
		require.NoError(t, plain.Exec(fixture.Series("live_users (id, email, code, first, last)", fixture.Rounds(20000),
			"i, CONCAT('e', i), CONCAT('c', i), CONCAT('n', i), CONCAT('n', i)")).Error)
		require.NoError(t, plain.Exec("INSERT INTO live_users (email, code, first, last) VALUES ('live', 'live', 'live', 'live')").Error)
		db := fixture.Use(t, database, softdelete.Config{})
		var accepted, refused, tried atomic.Int64
		var longest [3]time.Duration
		done := make(chan struct{})
		var writers sync.WaitGroup
		for w := range longest {
			own := database.Open(t)
			writers.Go(func() {
				for n := 1_000_000 * (w + 1); ; n++ {
					select {
					case <-done:
						return
					default:
					}
					began := time.Now()
					for _, err := range oneOf(own, n) {
						if tried.Add(1); err == nil {
							accepted.Add(1)
						} else if strings.Contains(err.Error(), "Duplicate entry") {
							refused.Add(1)
						}
					}
					v := fmt.Sprint("w", n)
					if err := own.Exec("INSERT INTO live_users (email, code, first, last) VALUES (?, ?, ?, ?)", v, v, v, v).Error; err != nil {
						t.Errorf("a writer failed: %v", err)
					}
					longest[w] = max(longest[w], time.Since(began)/4)
				}
			})
		}
		err := db.AutoMigrate(&liveUser{})
		close(done)
		writers.Wait()
		require.NoError(t, err)
		requireNoFurtherChange(t, db, &liveUser{})
		require.Zero(t, accepted.Load())
		require.Positive(t, refused.Load())
		require.Equal(t, tried.Load(), refused.Load(), "nothing else failed")
		t.Logf("%d duplicates refused, none accepted; the slowest four writes of a writer took %v", refused.Load(), 4*max(longest[0], longest[1], longest[2]))
	})
}

func TestAMigrationGivesUpWhereATransactionHasReadItsTable(t *testing.T) {
	testdb.EachOf(t, testdb.LiveColumns, func(t *testing.T, database *testdb.Database) {
		plain := database.Open(t)
		require.NoError(t, plain.AutoMigrate(&liveUser{}))
		db := fixture.OneConnection(t, fixture.Use(t, database, softdelete.Config{}))
		limit := func() (seconds int) {
			require.NoError(t, db.Raw("SELECT @@SESSION.lock_wait_timeout").Scan(&seconds).Error)
			return seconds
		}
		usual := limit()
		require.Greater(t, usual, 10)
		recorder := testdb.Record(db)
		require.NoError(t, db.AutoMigrate(&liveStatus{}))
		require.Contains(t, recorder.Statements(), "SET SESSION lock_wait_timeout = 10")
		require.Equal(t, usual, limit(), "the session's own is given back")

		reader := plain.Begin()
		defer reader.Rollback()
		var count int64
		require.NoError(t, reader.Model(&liveUser{}).Count(&count).Error)
		require.NoError(t, db.Exec("SET SESSION lock_wait_timeout = 1").Error)
		err := db.AutoMigrate(&liveUser{})
		require.ErrorContains(t, err, "try again later")
		require.Equal(t, 1, limit())
		require.NoError(t, reader.Rollback().Error)
		require.NoError(t, db.AutoMigrate(&liveUser{}))
	})
}

func TestAMigrationInATransactionIsCompleteThoughItEndsIt(t *testing.T) {
	testdb.EachOf(t, testdb.LiveColumns, func(t *testing.T, database *testdb.Database) {
		require.NoError(t, database.Open(t).AutoMigrate(&liveUser{}))
		db := fixture.Use(t, database, softdelete.Config{})
		require.NoError(t, db.Transaction(func(tx *gorm.DB) error { return tx.AutoMigrate(&liveUser{}) }))
		requireNoFurtherChange(t, db, &liveUser{})
	})
}

func TestTheComputedColumnIsSeenByNobody(t *testing.T) {
	testdb.EachOf(t, testdb.LiveColumns, func(t *testing.T, database *testdb.Database) {
		db := fixture.Use(t, database, softdelete.Config{})
		require.NoError(t, db.AutoMigrate(&liveUser{}))
		require.NoError(t, db.Exec("INSERT INTO live_users VALUES (1, 'e', 'c', 'f', 'l', NULL)").Error)
		row := map[string]any{}
		require.NoError(t, db.Table("live_users").Take(&row).Error)
		require.Len(t, row, 6)
		var told []string
		require.NoError(t, db.Raw("SELECT CONCAT(index_name, ' ', GROUP_CONCAT(CONCAT(column_name, COALESCE(sub_part, '')) ORDER BY seq_in_index), ' ', MAX(index_type)) "+
			"FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = 'live_users' AND non_unique = 0 GROUP BY index_name ORDER BY 1").Scan(&told).Error)
		require.Equal(t, []string{
			"idx_live_users_email email,softdelete_live BTREE", "live_names first20,last,softdelete_live BTREE", "PRIMARY id BTREE",
			"uni_live_users_code_live code,softdelete_live BTREE",
		}, told)
		var kind string
		require.NoError(t, db.Raw("SELECT column_type FROM information_schema.columns WHERE table_schema = DATABASE() AND column_name = 'code'").Scan(&kind).Error)
		require.Equal(t, "varchar(191)", kind, "as plain GORM has it")
	})
}

func TestLiveDuplicatesOfAPrefixAreToldByTheirKeys(t *testing.T) {
	testdb.EachOf(t, testdb.LiveColumns, func(t *testing.T, database *testdb.Database) {
		plain := database.Open(t)
		require.NoError(t, plain.AutoMigrate(&liveUser{}))
		require.NoError(t, plain.Exec("DROP INDEX live_names ON live_users").Error)
		for i := range 2 {
			v := fmt.Sprint(i)
			require.NoError(t, plain.Create(&liveUser{Email: v, Code: v, First: "sec@ret, and twenty letters " + v, Last: "l"}).Error)
		}
		err := fixture.Use(t, database, softdelete.Config{}).AutoMigrate(&liveUser{})
		var conflict *softdelete.ConflictError
		require.ErrorAs(t, err, &conflict)
		require.Equal(t, []string{"1", "2"}, conflict.LiveKeys)
		require.NotContains(t, err.Error(), "@")
	})
}

func TestDuplicatesThatAWriterMadeMeanwhileAreToldWithoutTheirValues(t *testing.T) {
	testdb.EachOf(t, testdb.LiveColumns, func(t *testing.T, database *testdb.Database) {
		plain := database.Open(t)
		require.NoError(t, plain.AutoMigrate(&liveUser{}))
		require.NoError(t, plain.Exec("DROP INDEX idx_live_users_email ON live_users").Error)
		require.NoError(t, plain.Create(&liveUser{Email: "sec@ret", Code: "1", First: "1"}).Error)
		db := fixture.Use(t, database, softdelete.Config{})
		faults := testdb.Inject(db)
		faults.OnStatement(func(_ int, sql string) error {
			if strings.Contains(sql, "ADD UNIQUE KEY `idx_live_users_email`") {
				faults.Reset()
				return plain.Create(&liveUser{Email: "sec@ret", Code: "2", First: "2"}).Error
			}
			return nil
		})
		err := db.AutoMigrate(&liveUser{})
		var conflict *softdelete.ConflictError
		require.ErrorAs(t, err, &conflict)
		require.Equal(t, []string{"1", "2"}, conflict.LiveKeys)
		require.NotContains(t, err.Error(), "@")
	})
}

func TestATableThatCannotBeChangedBesideWritersIsChangedAllTheSame(t *testing.T) {
	testdb.EachOf(t, testdb.LiveColumns, func(t *testing.T, database *testdb.Database) {
		plain := database.Open(t)
		require.NoError(t, plain.Exec("CREATE TABLE live_users (id bigint unsigned AUTO_INCREMENT PRIMARY KEY, email varchar(100), code varchar(191), "+
			"first varchar(50), last varchar(50), deleted_at datetime(3), UNIQUE KEY idx_live_users_email (email), UNIQUE KEY uni_live_users_code (code), "+
			"UNIQUE KEY live_names (first(20), last)) ENGINE=MyISAM").Error)
		db := fixture.Use(t, database, softdelete.Config{})
		require.NoError(t, db.AutoMigrate(&liveUser{}))
		requireNoFurtherChange(t, db, &liveUser{})
		require.NoError(t, plain.Exec("INSERT INTO live_users (email, code, first, last) VALUES ('live', 'live', 'live', 'live')").Error)
		requireNoDuplicate(t, plain, 1)
	})
}

func TestScriptsWhereChangesEndTransactions(t *testing.T) {
	for name, format := range map[string]softdelete.ScriptFormat{
		"plain": softdelete.ScriptPlain, "goose": softdelete.ScriptGoose, "golang-migrate": softdelete.ScriptGolangMigrate,
	} {
		t.Run(name, func(t *testing.T) {
			testdb.EachOf(t, testdb.LiveColumns, func(t *testing.T, database *testdb.Database) {
				require.NoError(t, database.Open(t).AutoMigrate(&liveUser{}))
				db := fixture.Use(t, database, softdelete.Config{})
				models := append(softdelete.Tables(), &liveUser{}, &letteredOrder{})
				script, err := softdelete.DDLScript(db, format, models...)
				require.NoError(t, err)
				require.NotContains(t, script, "BEGIN")
				require.Equal(t, name == "goose", strings.Contains(script, "-- +goose NO TRANSACTION\n-- +goose Up\n"))
				pool, err := sql.Open("mysql", database.DSN+"&multiStatements=true")
				require.NoError(t, err)
				defer pool.Close()
				_, err = pool.ExecContext(t.Context(), script)
				require.NoError(t, err)
				requireNoFurtherChange(t, db, models...)
			})
		})
	}
}
