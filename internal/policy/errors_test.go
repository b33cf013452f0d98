package policy_test

import (
	"regexp"
	"strings"
	"testing"

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
				for _, statement := range recorder.Statements() {
					require.Regexp(t, "(?i)^SELECT (version\\(\\)|sqlite_version\\(\\)|CASE WHEN @@autocommit)", statement,
						"nothing is executed but the questions what server it is, and how its driver reads times")
				}
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

// A tag that nothing reads would leave rows unprotected without a word.
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
