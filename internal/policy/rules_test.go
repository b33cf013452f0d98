package policy_test

import (
	"testing"

	"gorm.io/gorm"
)

func TestPolicyRefusesRules(t *testing.T) {
	type plainNote struct{ ID, ArticleID uint }
	type markedNote struct {
		ID, ArticleID uint
		DeletedAt     gorm.DeletedAt
	}
	type flagNote struct {
		ID, ArticleID uint
		Gone          bool `softdelete:"flag"`
	}
	type hardNote struct {
		_             struct{} `softdelete:"hard"`
		ID, ArticleID uint
	}
	type plainFolder struct{ ID uint }
	type markedFolder struct {
		ID        uint
		DeletedAt gorm.DeletedAt
	}
	polRefuses(t, []polRefused{
		{"cascade to a model without policy", []any{func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt
				Notes     []plainNote `softdelete:"cascade"`
			}
			return &Article{}
		}()}, "Article.Notes", []string{"cascade to plainNote, which has no policy", "gorm.DeletedAt", "keep"}},
		{"cascade from a model without policy", []any{func() any {
			type Article struct {
				ID    uint
				Notes []markedNote `softdelete:"cascade"`
			}
			return &Article{}
		}()}, "Article.Notes", []string{"cascade from a model without a strategy", "gorm.DeletedAt"}},
		{"cascade from a flag without a mark", []any{func() any {
			type Article struct {
				ID    uint
				Gone  bool         `softdelete:"flag"`
				Notes []markedNote `softdelete:"cascade"`
			}
			return &Article{}
		}()}, "Article.Notes", []string{"cascade from a flag model", "softdelete.DeletionID", "tagged at to Article"}},
		{"cascade from a status without a mark", []any{func() any {
			type Article struct {
				ID     uint
				Status string       `softdelete:"status"`
				Notes  []markedNote `softdelete:"cascade"`
			}
			return &Article{}
		}()}, "Article.Notes", []string{"cascade from a status model", "softdelete.DeletionID"}},
		{"cascade to a flag without a mark", []any{func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt
				Notes     []flagNote `softdelete:"cascade"`
			}
			return &Article{}
		}()}, "Article.Notes", []string{"cascade to a flag model", "softdelete.DeletionID", "tagged at to flagNote"}},
		{"cascade from a marked to a hard model", []any{func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt
				Notes     []hardNote `softdelete:"cascade"`
			}
			return &Article{}
		}()}, "Article.Notes", []string{"really delete rows of hardNote", "keep", `softdelete:"lazy"`, "belongs-to field to Article"}},
		{"cascade of a has-one to a model without policy", []any{func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt
				Note      plainNote `softdelete:"cascade"`
			}
			return &Article{}
		}()}, "Article.Note", []string{"cascade to plainNote"}},
		{"cascade over a join table that GORM made", []any{func() any {
			type Tag struct {
				ID        uint
				DeletedAt gorm.DeletedAt
			}
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt
				Tags      []Tag `gorm:"many2many:article_tags" softdelete:"cascade"`
			}
			return &Article{}
		}()}, "Article.Tags", []string{"the join table article_tags", "db.SetupJoinTable before db.Use"}},
		{"cascade to a model without a primary key", []any{func() any {
			type Note struct {
				ArticleID uint
				DeletedAt gorm.DeletedAt
			}
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt
				Notes     []Note `softdelete:"cascade"`
			}
			return &Article{}
		}()}, "Article.Notes", []string{"cascade to a model without a primary key", `gorm:"primaryKey"`, "Note"}},
		{"cascade from a model without a primary key", []any{func() any {
			type Note struct {
				ID          uint
				ArticleCode string
				DeletedAt   gorm.DeletedAt
			}
			type Article struct {
				Code      string
				DeletedAt gorm.DeletedAt
				Notes     []Note `gorm:"foreignKey:ArticleCode;references:Code" softdelete:"cascade"`
			}
			return &Article{}
		}()}, "Article.Notes", []string{"cascade from a model without a primary key", "Article"}},
		{"two rules on one relation", []any{func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt
				Notes     []markedNote `softdelete:"cascade;block"`
			}
			return &Article{}
		}()}, "Article.Notes", []string{"two rules", "keep one of"}},
		{"block on a belongs-to", []any{func() any {
			type Article struct {
				ID             uint
				MarkedFolderID uint
				MarkedFolder   *markedFolder `softdelete:"block"`
			}
			return &Article{}
		}()}, "Article.MarkedFolder", []string{`"block" does not belong on a belongs-to relation, but on a has-one, has-many or many2many relation`}},
		{"cascade on a belongs-to", []any{func() any {
			type Article struct {
				ID             uint
				MarkedFolderID uint
				MarkedFolder   *markedFolder `softdelete:"cascade"`
			}
			return &Article{}
		}()}, "Article.MarkedFolder", []string{`"cascade" does not belong on a belongs-to relation`}},
		{"lazy on a has-many", []any{func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt
				Notes     []markedNote `softdelete:"lazy"`
			}
			return &Article{}
		}()}, "Article.Notes", []string{`"lazy" does not belong on a has-one, has-many or many2many relation, but on a belongs-to relation`}},
		{"guard on a has-one", []any{func() any {
			type Article struct {
				ID        uint
				DeletedAt gorm.DeletedAt
				Note      markedNote `softdelete:"guard"`
			}
			return &Article{}
		}()}, "Article.Note", []string{`"guard" does not belong on`, "a belongs-to relation"}},
		{"guard of a parent that has no deleted rows", []any{func() any {
			type Article struct {
				ID            uint
				PlainFolderID uint
				PlainFolder   *plainFolder `softdelete:"guard"`
			}
			return &Article{}
		}()}, "Article.PlainFolder", []string{"plainFolder has no deleted rows"}},
	})
}
