package policy_test

import (
	"database/sql"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// polRefused is a model whose tags cannot work.
type polRefused struct {
	fact   string
	models []any
	// where is Model.Field, text what the error says about it, remedy included.
	where string
	texts []string
}

// polProblem is the form of every problem: the model, the field and a sentence.
var polProblem = regexp.MustCompile(`^softdelete: invalid policy: (\w*\.\w+): .{10,}`)

// polUse registers the plugin for the models and gives what is wrong with them, a line each.
func polUse(t *testing.T, db *gorm.DB, models ...any) []string {
	t.Helper()
	err := db.Use(softdelete.New(softdelete.Config{Models: models}))
	if err == nil {
		return nil
	}
	require.ErrorIs(t, err, softdelete.ErrPolicy)
	lines := strings.Split(err.Error(), "\n")
	for _, line := range lines {
		require.Regexp(t, polProblem, line)
	}
	return lines
}

// polRefuses checks that each case is refused, with nothing executed.
func polRefuses(t *testing.T, cases []polRefused) {
	t.Helper()
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		for _, c := range cases {
			t.Run(c.fact, func(t *testing.T) {
				db := database.Open(t)
				recorder := testdb.Record(db)
				lines := polUse(t, db, c.models...)
				require.NotEmpty(t, lines, "db.Use accepts it")
				text := strings.Join(lines, "\n")
				require.Contains(t, text, "softdelete: invalid policy: "+c.where+": ")
				for _, part := range c.texts {
					require.Contains(t, text, part)
				}
				require.Len(t, lines, 1, "one mistake is told once")
				require.Empty(t, recorder.Statements())
			})
		}
	})
}

func TestPolicyRefusesWords(t *testing.T) {
	type Note struct{ ID, ArticleID uint }
	article := func(model any) []any { return []any{model} }
	polRefuses(t, []polRefused{
		{"a misspelt word on the deletion column", article(func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt `softdelete:"retian:90d"`
			}
			return &Article{}
		}()), "Article.DeletedAt", []string{`unknown setting "retian" (did you mean "retain"?)`}},
		{"a misspelt word on the blank field", article(func() any {
			type Article struct {
				_  struct{} `softdelete:"nevr"`
				ID uint
			}
			return &Article{}
		}()), "Article._", []string{`unknown setting "nevr" (did you mean "never"?)`}},
		{"a misspelt rule on a has-many", article(func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt
				Notes     []Note `softdelete:"casacde"`
			}
			return &Article{}
		}()), "Article.Notes", []string{`unknown setting "casacde" (did you mean "cascade"?)`}},
		{"a misspelt rule on a belongs-to", article(func() any {
			type Folder struct {
				ID        uint
				DeletedAt gorm.DeletedAt
			}
			type Article struct {
				ID       uint
				FolderID uint
				Folder   *Folder `softdelete:"gaurd"`
			}
			return &Article{}
		}()), "Article.Folder", []string{`unknown setting "gaurd" (did you mean "guard"?)`}},
		{"a word that is near to none", article(func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt `softdelete:"paranoia"`
			}
			return &Article{}
		}()), "Article.DeletedAt", []string{`unknown setting "paranoia"`}},
		{"an unknown strategy", article(func() any {
			type Article struct {
				ID   uint
				Gone bool `softdelete:"flagg"`
			}
			return &Article{}
		}()), "Article.Gone", []string{`unknown setting "flagg" (did you mean "flag"?)`}},
		{"a value for a word that takes none", article(func() any {
			type Article struct {
				ID   uint
				Gone bool `softdelete:"flag:yes"`
			}
			return &Article{}
		}()), "Article.Gone", []string{`"flag" takes no value`}},
		{"no value for a word that needs one", article(func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt `softdelete:"retain"`
			}
			return &Article{}
		}()), "Article.DeletedAt", []string{`"retain" needs a value`, "retain:…"}},
		{"an empty value for a word that needs one", article(func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt `softdelete:"retain:"`
			}
			return &Article{}
		}()), "Article.DeletedAt", []string{`"retain" needs a value`}},
		{"a rule on a column", article(func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt `softdelete:"cascade"`
			}
			return &Article{}
		}()), "Article.DeletedAt", []string{`"cascade" does not belong on a column, but on a has-one, has-many or many2many relation`}},
		{"a strategy on a relation", article(func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt
				Notes     []Note `softdelete:"hard"`
			}
			return &Article{}
		}()), "Article.Notes", []string{`"hard" does not belong on`, "the blank field _"}},
		{"hard on a column", article(func() any {
			type Article struct {
				ID   uint
				Gone bool `softdelete:"hard"`
			}
			return &Article{}
		}()), "Article.Gone", []string{`"hard" does not belong on a column, but on the blank field _`}},
		{"flag on the blank field", article(func() any {
			type Article struct {
				_  struct{} `softdelete:"flag"`
				ID uint
			}
			return &Article{}
		}()), "Article._", []string{`"flag" does not belong on the blank field _, but on a column`}},
	})
}

// A tag that nothing reads would leave rows unprotected without a word.
func TestPolicyRefusesASettingThatIsGivenTwice(t *testing.T) {
	type Note struct{ ID, ArticleID uint }
	type Shelf struct {
		ID        uint
		DeletedAt gorm.DeletedAt
	}
	cases := []polRefused{
		{"on the deletion column, with two values", []any{func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt `softdelete:"retain:3d;retain:4d"`
			}
			return &Article{}
		}()}, "Article.DeletedAt", []string{`"retain" is set twice in one tag`, "keep one"}},
		{"with the same value, written in another way", []any{func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt `softdelete:"retain:3d; RETAIN :3d;"`
			}
			return &Article{}
		}()}, "Article.DeletedAt", []string{`"retain" is set twice in one tag`}},
		{"a word without a value", []any{func() any {
			type Article struct {
				ID   uint
				Gone bool                  `softdelete:"flag;flag"`
				By   softdelete.DeletionID `gorm:"size:64"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{`"flag" is set twice in one tag`}},
		{"on the blank field", []any{func() any {
			type Article struct {
				_  struct{} `softdelete:"archive;table:one;table:two"`
				ID uint
			}
			return &Article{}
		}()}, "Article._", []string{`"table" is set twice in one tag`}},
		{"on a has-many relation", []any{func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt
				Notes     []Note `softdelete:"keep;keep"`
			}
			return &Article{}
		}()}, "Article.Notes", []string{`"keep" is set twice in one tag`}},
		{"on a belongs-to relation", []any{&Shelf{}, func() any {
			type Article struct {
				ID      uint
				ShelfID uint
				Shelf   *Shelf `softdelete:"guard;guard"`
			}
			return &Article{}
		}()}, "Article.Shelf", []string{`"guard" is set twice in one tag`}},
		{"a mask", []any{func() any {
			type Article struct {
				ID    uint
				Owner string `pii:"null;null"`
			}
			return &Article{}
		}()}, "Article.Owner", []string{`pii "null" is set twice in one tag`, "keep one"}},
		{"a legal basis", []any{func() any {
			type Article struct {
				ID    uint
				Owner string `pii:"keep;basis:Art. 6;basis:Art. 9"`
			}
			return &Article{}
		}()}, "Article.Owner", []string{`pii "basis" is set twice in one tag`}},
		{"pii on the blank field", []any{func() any {
			type Article struct {
				_  struct{} `pii:"delete;delete"`
				ID uint
			}
			return &Article{}
		}()}, "Article._", []string{`pii "delete" is set twice in one tag`}},
	}
	polRefuses(t, cases)
	t.Run("a text that holds a setting's name is no second one", func(t *testing.T) {
		type Article struct {
			ID    uint
			Owner string `pii:"fixed:a\\;fixed:b"`
		}
		require.Empty(t, polUse(t, testdb.SQLite(t).Open(t), &Article{}))
	})
}

func TestPolicyRefusesTagsThatNothingReads(t *testing.T) {
	type Note struct {
		ID, ArticleID uint
		DeletedAt     gorm.DeletedAt
	}
	polRefuses(t, []polRefused{
		{"on a field that GORM ignores", []any{func() any {
			type Article struct {
				ID   uint
				Gone bool `gorm:"-" softdelete:"flag"`
			}
			return &Article{}
		}()}, "Article.Gone", nil},
		{"on a relation that GORM ignores", []any{func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt
				Notes     []Note `gorm:"-" softdelete:"cascade"`
			}
			return &Article{}
		}()}, "Article.Notes", nil},
		{"on an unexported field", []any{func() any {
			type Article struct {
				ID   uint
				gone bool `softdelete:"flag"`
			}
			return &Article{gone: false}
		}()}, "Article.gone", nil},
		{"on an embedded struct", []any{func() any {
			type Article struct {
				gorm.Model `softdelete:"retain:90d"`
			}
			return &Article{}
		}()}, "Article.Model", nil},
		{"full without a unique index", []any{func() any {
			type Article struct {
				ID        uint
				Slug      string `softdelete:"full"`
				DeletedAt gorm.DeletedAt
			}
			return &Article{}
		}()}, "Article.Slug", []string{"full", "unique index"}},
		{"live without an index", []any{func() any {
			type Article struct {
				ID        uint
				Slug      string `softdelete:"live"`
				DeletedAt gorm.DeletedAt
			}
			return &Article{}
		}()}, "Article.Slug", []string{"live", "index"}},
	})
}

func TestPolicyRefusesStrategies(t *testing.T) {
	type other struct{ A int }
	polRefuses(t, []polRefused{
		{"status on a gorm.DeletedAt", []any{func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt `softdelete:"status"`
			}
			return &Article{}
		}()}, "Article.DeletedAt", []string{"status needs a string or integer", "timestamp"}},
		{"status on a *time.Time", []any{func() any {
			type Article struct {
				ID   uint
				Gone *time.Time `softdelete:"status"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{"status needs a string or integer", "timestamp"}},
		{"status on a sql.NullTime", []any{func() any {
			type Article struct {
				ID   uint
				Gone sql.NullTime `softdelete:"status"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{"status needs a string or integer", "timestamp"}},
		{"status on a bool", []any{func() any {
			type Article struct {
				ID   uint
				Gone bool `softdelete:"status"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{"status needs a string or integer field, not bool"}},
		{"flag on a string", []any{func() any {
			type Article struct {
				ID   uint
				Gone string `softdelete:"flag"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{"flag needs a bool or integer field, not string"}},
		{"flag on a time", []any{func() any {
			type Article struct {
				ID   uint
				Gone *time.Time `softdelete:"flag"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{"flag needs a bool or integer field"}},
		{"timestamp on a string", []any{func() any {
			type Article struct {
				ID   uint
				Gone string `softdelete:"timestamp"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{"gorm.DeletedAt, *time.Time, sql.NullTime or an integer, not string"}},
		{"timestamp on a bool", []any{func() any {
			type Article struct {
				ID   uint
				Gone bool `softdelete:"timestamp"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{"not bool"}},
		{"timestamp on a time that cannot be NULL", []any{func() any {
			type Article struct {
				ID   uint
				Gone time.Time `softdelete:"timestamp"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{"*time.Time, sql.NullTime or gorm.DeletedAt"}},
		{"timestamp on a NOT NULL time column, which could hold no live row", []any{func() any {
			type Article struct {
				ID   uint
				Gone *time.Time `gorm:"not null" softdelete:"timestamp"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{"NULL"}},
		{"timestamp on an integer that is too small", []any{func() any {
			type Article struct {
				ID   uint
				Gone int16 `softdelete:"timestamp"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{"int16 is too small", "int64"}},
		{"milliseconds in 32 bits", []any{func() any {
			type Article struct {
				ID   uint
				Gone int32 `softdelete:"timestamp;unit:ms"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{"int32 is too small", "int64"}},
		{"unit on a time", []any{func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt `softdelete:"unit:ms"`
			}
			return &Article{}
		}()}, "Article.DeletedAt", []string{`"unit"`, "integer"}},
		{"unit on a flag", []any{func() any {
			type Article struct {
				ID   uint
				Gone int `softdelete:"flag;unit:ms"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{`"unit" belongs to the strategy timestamp, not flag`}},
		{"an unknown unit", []any{func() any {
			type Article struct {
				ID   uint
				Gone int64 `softdelete:"timestamp;unit:minutes"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{`unknown unit "minutes"`, "s, ms, us and ns"}},
		{"unit without a strategy", []any{func() any {
			type Article struct {
				ID   uint
				Gone int64 `softdelete:"unit:ms"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{`"unit" needs a strategy`}},
		{"deleted without status", []any{func() any {
			type Article struct {
				ID   uint
				Gone bool `softdelete:"flag;deleted:1"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{`"deleted" belongs to the strategy status, not flag`}},
		{"visible without a strategy", []any{func() any {
			type Article struct {
				ID     uint
				Status string `softdelete:"visible:open"`
			}
			return &Article{}
		}()}, "Article.Status", []string{`"visible" needs a strategy`}},
		{"visible contains the deleted value", []any{func() any {
			type Article struct {
				ID     uint
				Status string `softdelete:"status;deleted:gone;visible:open,gone"`
			}
			return &Article{}
		}()}, "Article.Status", []string{"the deleted value gone cannot be visible"}},
		{"visible contains the default deleted value", []any{func() any {
			type Article struct {
				ID     uint
				Status string `softdelete:"status;visible:open,deleted"`
			}
			return &Article{}
		}()}, "Article.Status", []string{"the deleted value deleted cannot be visible"}},
		{"deleted and active are the same", []any{func() any {
			type Article struct {
				ID     uint
				Status string `softdelete:"status;deleted:off;active:off"`
			}
			return &Article{}
		}()}, "Article.Status", []string{"deleted and active are the same value off"}},
		{"a text for an integer status", []any{func() any {
			type Article struct {
				ID     uint
				Status int `softdelete:"status;deleted:gone;active:1"`
			}
			return &Article{}
		}()}, "Article.Status", []string{`"deleted"`, `"gone" is no integer`}},
		{"an integer status without values", []any{func() any {
			type Article struct {
				ID     uint
				Status int `softdelete:"status;active:1"`
			}
			return &Article{}
		}()}, "Article.Status", []string{"deleted:N"}},
		{"a negative value for an unsigned status", []any{func() any {
			type Article struct {
				ID     uint
				Status uint `softdelete:"status;deleted:-1;active:1"`
			}
			return &Article{}
		}()}, "Article.Status", []string{"-1 is negative"}},
		{"a value longer than the column", []any{func() any {
			type Article struct {
				ID     uint
				Status string `gorm:"size:4" softdelete:"status;deleted:removed;active:on"`
			}
			return &Article{}
		}()}, "Article.Status", []string{"longer than the column"}},
		{"a value that does not fit the integer", []any{func() any {
			type Article struct {
				ID     uint
				Status int8 `softdelete:"status;deleted:1000;active:1"`
			}
			return &Article{}
		}()}, "Article.Status", []string{"1000"}},
		{"two strategies on two fields", []any{func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt
				Status    string `softdelete:"status"`
			}
			return &Article{}
		}()}, "Article.Status", []string{"two strategies", "DeletedAt"}},
		{"two strategies on one field", []any{func() any {
			type Article struct {
				ID   uint
				Gone int `softdelete:"flag;timestamp"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{"two strategies on one field: timestamp and flag"}},
		{"two strategies on the blank field", []any{func() any {
			type Article struct {
				_  struct{} `softdelete:"hard;never"`
				ID uint
			}
			return &Article{}
		}()}, "Article._", []string{"two strategies"}},
		{"never beside a gorm.Model", []any{func() any {
			type Article struct {
				_ struct{} `softdelete:"never"`
				gorm.Model
			}
			return &Article{}
		}()}, "Article.DeletedAt", []string{"two strategies", "gorm.DeletedAt field is the strategy timestamp"}},
		{"two gorm.DeletedAt fields", []any{func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt
				RemovedAt gorm.DeletedAt
			}
			return &Article{}
		}()}, "Article.RemovedAt", []string{"two strategies", "DeletedAt"}},
		{"a serialized column", []any{func() any {
			type Article struct {
				ID   uint
				Gone other `gorm:"serializer:json" softdelete:"flag"`
			}
			return &Article{}
		}()}, "Article.Gone", []string{"serializer"}},
	})
}
