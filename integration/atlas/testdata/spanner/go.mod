module github.com/googleapis/go-gorm-spanner

go 1.26

require gorm.io/gorm v1.31.2
