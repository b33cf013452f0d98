-- Find
SELECT * FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;

-- Find by a deleted row's key
SELECT * FROM "path_users" WHERE "path_users"."id" = $1 AND "path_users"."deleted_at" IS NULL;  -- 3

-- Find of a value with the key of a deleted row
SELECT * FROM "path_users" WHERE "path_users"."deleted_at" IS NULL AND "path_users"."id" = $1;  -- 3

-- First
SELECT * FROM "path_users" WHERE "path_users"."deleted_at" IS NULL ORDER BY "path_users"."id" LIMIT $1;  -- 1

-- First by a deleted row's key
SELECT * FROM "path_users" WHERE "path_users"."id" = $1 AND "path_users"."deleted_at" IS NULL ORDER BY "path_users"."id" LIMIT $2;  -- 1, 3

-- Last
SELECT * FROM "path_users" WHERE "path_users"."deleted_at" IS NULL ORDER BY "path_users"."id" DESC LIMIT $1;  -- 1

-- Take
SELECT * FROM "path_users" WHERE name = $1 AND "path_users"."deleted_at" IS NULL LIMIT $2;  -- 'cid', 1

-- Count
SELECT count(*) FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;

-- Count of distinct values
SELECT COUNT(DISTINCT("name")) FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;

-- Count of groups
SELECT count(*) FROM "path_users" WHERE "path_users"."deleted_at" IS NULL GROUP BY "name";

-- Pluck
SELECT "name" FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;

-- Row
SELECT count(*) FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;

-- Rows
SELECT "name" FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;

-- Scan
SELECT "id","name" FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;

-- Find into a smaller struct
SELECT "path_users"."id","path_users"."name" FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;

-- Find into maps
SELECT * FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;

-- Distinct
SELECT DISTINCT "age" FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;

-- Group and Having
SELECT "name" FROM "path_users" WHERE "path_users"."deleted_at" IS NULL GROUP BY "name" HAVING count(*) = 1 OR name = $1;  -- 'cid'

-- FindInBatches
SELECT * FROM "path_users" WHERE age > 0 AND "path_users"."deleted_at" IS NULL ORDER BY "path_users"."id" LIMIT $1;  -- 2
SELECT * FROM "path_users" WHERE age > 0 AND "path_users"."id" > $1 AND "path_users"."deleted_at" IS NULL ORDER BY "path_users"."id" LIMIT $2;  -- 2, 2

-- FirstOrInit of a deleted row's values
SELECT * FROM "path_users" WHERE "path_users"."name" = $1 AND "path_users"."deleted_at" IS NULL ORDER BY "path_users"."id" LIMIT $2;  -- 'cid', 1

-- FirstOrInit keeps the values beside an OR
SELECT * FROM "path_users" WHERE ((age) = 30 or(age) = 40) AND "path_users"."name" = $1 AND "path_users"."deleted_at" IS NULL ORDER BY "path_users"."id" LIMIT $2;  -- 'cid', 1

-- Unscoped
SELECT * FROM "path_users";

-- WithDeleted
SELECT * FROM "path_users";

-- OnlyDeleted
SELECT * FROM "path_users" WHERE "path_users"."deleted_at" IS NOT NULL;

-- a status model
SELECT "name" FROM "path_pets" WHERE "path_pets"."status" <> 'gone';

-- OnlyDeleted of a status model
SELECT "name" FROM "path_pets" WHERE "path_pets"."status" = 'gone';

-- a sub-query of a model
SELECT * FROM "path_users" WHERE company_id IN (SELECT "id" FROM "path_companies" WHERE "path_companies"."deleted_at" IS NULL) AND "path_users"."deleted_at" IS NULL;

-- a sub-query of a model in an Unscoped query
SELECT * FROM "path_users" WHERE company_id IN (SELECT "id" FROM "path_companies" WHERE "path_companies"."deleted_at" IS NULL);

-- a sub-query that is Unscoped
SELECT * FROM "path_users" WHERE company_id IN (SELECT "id" FROM "path_companies") AND "path_users"."deleted_at" IS NULL;

-- a sub-query of a model with an OR that GORM does not see
SELECT * FROM "path_users" WHERE company_id IN (SELECT "id" FROM "path_companies" WHERE (id = 1
OR
id = 2 or(id = 3)) AND "path_companies"."deleted_at" IS NULL) AND "path_users"."deleted_at" IS NULL;

-- a sub-query of a table is not rewritten
SELECT * FROM "path_users" WHERE company_id IN (SELECT id FROM "path_companies") AND "path_users"."deleted_at" IS NULL;

-- a sub-query of a table with Live
SELECT * FROM "path_users" WHERE company_id IN (SELECT id FROM "path_companies" WHERE ("path_companies"."deleted_at" IS NULL)) AND "path_users"."deleted_at" IS NULL;

-- FOR UPDATE
SELECT * FROM "path_users" WHERE "path_users"."deleted_at" IS NULL FOR UPDATE;

-- Or
SELECT * FROM "path_users" WHERE (age = $1 OR age = $2) AND "path_users"."deleted_at" IS NULL;  -- 30, 40

-- Or alone
SELECT * FROM "path_users" WHERE age = $1 AND "path_users"."deleted_at" IS NULL;  -- 30

-- Or, Where
SELECT * FROM "path_users" WHERE (name = 'bob' OR age = 40 OR age = 30) AND "path_users"."deleted_at" IS NULL;

-- Or of a group
SELECT * FROM "path_users" WHERE (age = 30 OR (age = 40 AND name = 'bob')) AND "path_users"."deleted_at" IS NULL;

-- a raw OR
SELECT * FROM "path_users" WHERE (age = $1 OR age = $2) AND "path_users"."deleted_at" IS NULL;  -- 30, 40

-- a raw OR between newlines
SELECT * FROM "path_users" WHERE (age = $1
OR
age = $2) AND "path_users"."deleted_at" IS NULL;  -- 30, 40

-- a raw OR between tabs
SELECT * FROM "path_users" WHERE (age = $1	or	age = $2) AND "path_users"."deleted_at" IS NULL;  -- 30, 40

-- a raw OR before a parenthesis
SELECT * FROM "path_users" WHERE (age = $1 or(age = $2)) AND "path_users"."deleted_at" IS NULL;  -- 30, 40

-- a raw OR after a parenthesis
SELECT * FROM "path_users" WHERE ((age = $1)OR age = $2) AND "path_users"."deleted_at" IS NULL;  -- 30, 40

-- a raw OR between comments
SELECT * FROM "path_users" WHERE (age = $1/**/OR/**/age = $2) AND "path_users"."deleted_at" IS NULL;  -- 30, 40

-- a raw OR with named values
SELECT * FROM "path_users" WHERE (age = $1
OR
age = $2) AND "path_users"."deleted_at" IS NULL;  -- 30, 40

-- a raw OR inside Not
SELECT * FROM "path_users" WHERE NOT (age = 20
OR
age = 30) AND "path_users"."deleted_at" IS NULL;

-- a raw OR inside a group
SELECT * FROM "path_users" WHERE (age = 30
OR
age = 40) AND "path_users"."deleted_at" IS NULL;

-- a raw OR inside clause.And
SELECT * FROM "path_users" WHERE (age = 30 OR age = 40) AND "path_users"."deleted_at" IS NULL;

-- a raw OR in an expression that is a value
SELECT * FROM "path_users" WHERE (age = 30 OR age = 40) AND "path_users"."deleted_at" IS NULL;

-- a raw OR in an expression that a column is compared with
SELECT * FROM "path_users" WHERE ("path_users"."age" = 30 OR age = 40) AND "path_users"."deleted_at" IS NULL;

-- a raw OR in an expression of the caller's own type
SELECT * FROM "path_users" WHERE (age = 30 OR age = 40) AND "path_users"."deleted_at" IS NULL;

-- a raw OR in a raw column
SELECT * FROM "path_users" WHERE (age = 30 OR age = $1) AND "path_users"."deleted_at" IS NULL;  -- 40

-- a raw condition that ends in a comment
SELECT * FROM "path_users" WHERE (age = 30 -- thirty
) AND "path_users"."deleted_at" IS NULL;

-- a raw OR in a scope
SELECT * FROM "path_users" WHERE (age = 30
or
age = 40) AND "path_users"."deleted_at" IS NULL;

-- a raw OR as Find's condition
SELECT * FROM "path_users" WHERE (age = 30
OR
age = 40) AND "path_users"."deleted_at" IS NULL;

-- a raw OR on a status model
SELECT "name" FROM "path_pets" WHERE (name = 'old'
OR
name = 'rex') AND "path_pets"."status" <> 'gone';

-- Joins
SELECT "path_users"."id","path_users"."name","path_users"."badge","path_users"."age","path_users"."company_id","path_users"."deleted_at","Company"."id" AS "Company__id","Company"."name" AS "Company__name","Company"."owner_id" AS "Company__owner_id","Company"."deleted_at" AS "Company__deleted_at" FROM "path_users" LEFT JOIN "path_companies" "Company" ON "path_users"."company_id" = "Company"."id" AND "Company"."deleted_at" IS NULL WHERE "path_users"."deleted_at" IS NULL;

-- InnerJoins
SELECT "path_users"."id","path_users"."name","path_users"."badge","path_users"."age","path_users"."company_id","path_users"."deleted_at","Company"."id" AS "Company__id","Company"."name" AS "Company__name","Company"."owner_id" AS "Company__owner_id","Company"."deleted_at" AS "Company__deleted_at" FROM "path_users" INNER JOIN "path_companies" "Company" ON "path_users"."company_id" = "Company"."id" AND "Company"."deleted_at" IS NULL WHERE "path_users"."deleted_at" IS NULL;

-- Joins of a nested relation
SELECT "path_users"."id","path_users"."name","path_users"."badge","path_users"."age","path_users"."company_id","path_users"."deleted_at","Company"."id" AS "Company__id","Company"."name" AS "Company__name","Company"."owner_id" AS "Company__owner_id","Company"."deleted_at" AS "Company__deleted_at","Company__Owner"."id" AS "Company__Owner__id","Company__Owner"."name" AS "Company__Owner__name","Company__Owner"."deleted_at" AS "Company__Owner__deleted_at" FROM "path_users" LEFT JOIN "path_companies" "Company" ON "path_users"."company_id" = "Company"."id" AND "Company"."deleted_at" IS NULL LEFT JOIN "path_owners" "Company__Owner" ON "Company"."owner_id" = "Company__Owner"."id" AND "Company__Owner"."deleted_at" IS NULL WHERE "path_users"."deleted_at" IS NULL;

-- Joins of a relation and a nested one
SELECT "path_users"."id","path_users"."name","path_users"."badge","path_users"."age","path_users"."company_id","path_users"."deleted_at","Company"."id" AS "Company__id","Company"."name" AS "Company__name","Company"."owner_id" AS "Company__owner_id","Company"."deleted_at" AS "Company__deleted_at","Company__Owner"."id" AS "Company__Owner__id","Company__Owner"."name" AS "Company__Owner__name","Company__Owner"."deleted_at" AS "Company__Owner__deleted_at" FROM "path_users" LEFT JOIN "path_companies" "Company" ON "path_users"."company_id" = "Company"."id" AND "Company"."deleted_at" IS NULL LEFT JOIN "path_owners" "Company__Owner" ON "Company"."owner_id" = "Company__Owner"."id" AND "Company__Owner"."deleted_at" IS NULL WHERE "path_users"."deleted_at" IS NULL;

-- Joins with a condition
SELECT "path_users"."id","path_users"."name","path_users"."badge","path_users"."age","path_users"."company_id","path_users"."deleted_at","Company"."id" AS "Company__id","Company"."name" AS "Company__name","Company"."owner_id" AS "Company__owner_id","Company"."deleted_at" AS "Company__deleted_at" FROM "path_users" LEFT JOIN "path_companies" "Company" ON "path_users"."company_id" = "Company"."id" AND ("Company"."deleted_at" IS NULL AND "Company"."name" = $1) WHERE "path_users"."deleted_at" IS NULL;  -- 'core'

-- Joins with Or
SELECT "path_users"."id","path_users"."name","path_users"."badge","path_users"."age","path_users"."company_id","path_users"."deleted_at","Company"."id" AS "Company__id","Company"."name" AS "Company__name","Company"."owner_id" AS "Company__owner_id","Company"."deleted_at" AS "Company__deleted_at" FROM "path_users" LEFT JOIN "path_companies" "Company" ON "path_users"."company_id" = "Company"."id" AND ("Company"."deleted_at" IS NULL AND ("Company"."id" = 1 OR "Company"."id" = 2)) WHERE "path_users"."deleted_at" IS NULL;

-- Joins with a raw OR between newlines
SELECT "path_users"."id","path_users"."name","path_users"."badge","path_users"."age","path_users"."company_id","path_users"."deleted_at","Company"."id" AS "Company__id","Company"."name" AS "Company__name","Company"."owner_id" AS "Company__owner_id","Company"."deleted_at" AS "Company__deleted_at" FROM "path_users" LEFT JOIN "path_companies" "Company" ON "path_users"."company_id" = "Company"."id" AND ("Company"."deleted_at" IS NULL AND ("Company"."id" = $1
OR
"Company"."id" = $2)) WHERE "path_users"."deleted_at" IS NULL;  -- 1, 2

-- InnerJoins with Or
SELECT "path_users"."id","path_users"."name","path_users"."badge","path_users"."age","path_users"."company_id","path_users"."deleted_at","Company"."id" AS "Company__id","Company"."name" AS "Company__name","Company"."owner_id" AS "Company__owner_id","Company"."deleted_at" AS "Company__deleted_at" FROM "path_users" INNER JOIN "path_companies" "Company" ON "path_users"."company_id" = "Company"."id" AND ("Company"."deleted_at" IS NULL AND ("Company"."id" = 1 OR "Company"."id" = 2)) WHERE "path_users"."deleted_at" IS NULL;

-- Joins and a raw OR of the statement's own
SELECT "path_users"."id","path_users"."name","path_users"."badge","path_users"."age","path_users"."company_id","path_users"."deleted_at","Company"."id" AS "Company__id","Company"."name" AS "Company__name","Company"."owner_id" AS "Company__owner_id","Company"."deleted_at" AS "Company__deleted_at" FROM "path_users" LEFT JOIN "path_companies" "Company" ON "path_users"."company_id" = "Company"."id" AND "Company"."deleted_at" IS NULL WHERE (path_users.age = 30
OR
path_users.age = 40) AND "path_users"."deleted_at" IS NULL;

-- Joins with Unscoped
SELECT "path_users"."id","path_users"."name","path_users"."badge","path_users"."age","path_users"."company_id","path_users"."deleted_at","Company"."id" AS "Company__id","Company"."name" AS "Company__name","Company"."owner_id" AS "Company__owner_id","Company"."deleted_at" AS "Company__deleted_at" FROM "path_users" LEFT JOIN "path_companies" "Company" ON "path_users"."company_id" = "Company"."id" WHERE "path_users"."deleted_at" IS NULL;

-- Joins with Unscoped and a condition
SELECT "path_users"."id","path_users"."name","path_users"."badge","path_users"."age","path_users"."company_id","path_users"."deleted_at","Company"."id" AS "Company__id","Company"."name" AS "Company__name","Company"."owner_id" AS "Company__owner_id","Company"."deleted_at" AS "Company__deleted_at" FROM "path_users" LEFT JOIN "path_companies" "Company" ON "path_users"."company_id" = "Company"."id" AND "Company"."name" = $1 WHERE "path_users"."deleted_at" IS NULL;  -- 'bust'

-- Joins of a nested relation with Unscoped
SELECT "path_users"."id","path_users"."name","path_users"."badge","path_users"."age","path_users"."company_id","path_users"."deleted_at","Company"."id" AS "Company__id","Company"."name" AS "Company__name","Company"."owner_id" AS "Company__owner_id","Company"."deleted_at" AS "Company__deleted_at","Company__Owner"."id" AS "Company__Owner__id","Company__Owner"."name" AS "Company__Owner__name","Company__Owner"."deleted_at" AS "Company__Owner__deleted_at" FROM "path_users" LEFT JOIN "path_companies" "Company" ON "path_users"."company_id" = "Company"."id" AND "Company"."deleted_at" IS NULL LEFT JOIN "path_owners" "Company__Owner" ON "Company"."owner_id" = "Company__Owner"."id" WHERE "path_users"."deleted_at" IS NULL;

-- Joins with WithDeleted
SELECT "path_users"."id","path_users"."name","path_users"."badge","path_users"."age","path_users"."company_id","path_users"."deleted_at","Company"."id" AS "Company__id","Company"."name" AS "Company__name","Company"."owner_id" AS "Company__owner_id","Company"."deleted_at" AS "Company__deleted_at" FROM "path_users" LEFT JOIN "path_companies" "Company" ON "path_users"."company_id" = "Company"."id" WHERE "path_users"."deleted_at" IS NULL;

-- WithDeletedIn, Joins
SELECT "path_users"."id","path_users"."name","path_users"."badge","path_users"."age","path_users"."company_id","path_users"."deleted_at","Company"."id" AS "Company__id","Company"."name" AS "Company__name","Company"."owner_id" AS "Company__owner_id","Company"."deleted_at" AS "Company__deleted_at" FROM "path_users" LEFT JOIN "path_companies" "Company" ON "path_users"."company_id" = "Company"."id" WHERE "path_users"."deleted_at" IS NULL;

-- WithDeletedIn of a nested relation, Joins
SELECT "path_users"."id","path_users"."name","path_users"."badge","path_users"."age","path_users"."company_id","path_users"."deleted_at","Company"."id" AS "Company__id","Company"."name" AS "Company__name","Company"."owner_id" AS "Company__owner_id","Company"."deleted_at" AS "Company__deleted_at","Company__Owner"."id" AS "Company__Owner__id","Company__Owner"."name" AS "Company__Owner__name","Company__Owner"."deleted_at" AS "Company__Owner__deleted_at" FROM "path_users" LEFT JOIN "path_companies" "Company" ON "path_users"."company_id" = "Company"."id" AND "Company"."deleted_at" IS NULL LEFT JOIN "path_owners" "Company__Owner" ON "Company"."owner_id" = "Company__Owner"."id" WHERE "path_users"."deleted_at" IS NULL;

-- WithDeletedIn of both, Joins
SELECT "path_users"."id","path_users"."name","path_users"."badge","path_users"."age","path_users"."company_id","path_users"."deleted_at","Company"."id" AS "Company__id","Company"."name" AS "Company__name","Company"."owner_id" AS "Company__owner_id","Company"."deleted_at" AS "Company__deleted_at","Company__Owner"."id" AS "Company__Owner__id","Company__Owner"."name" AS "Company__Owner__name","Company__Owner"."deleted_at" AS "Company__Owner__deleted_at" FROM "path_users" LEFT JOIN "path_companies" "Company" ON "path_users"."company_id" = "Company"."id" LEFT JOIN "path_owners" "Company__Owner" ON "Company"."owner_id" = "Company__Owner"."id" WHERE "path_users"."deleted_at" IS NULL;

-- Unscoped, Joins
SELECT "path_users"."id","path_users"."name","path_users"."badge","path_users"."age","path_users"."company_id","path_users"."deleted_at","Company"."id" AS "Company__id","Company"."name" AS "Company__name","Company"."owner_id" AS "Company__owner_id","Company"."deleted_at" AS "Company__deleted_at" FROM "path_users" LEFT JOIN "path_companies" "Company" ON "path_users"."company_id" = "Company"."id";

-- WithDeleted, Joins
SELECT "path_users"."id","path_users"."name","path_users"."badge","path_users"."age","path_users"."company_id","path_users"."deleted_at","Company"."id" AS "Company__id","Company"."name" AS "Company__name","Company"."owner_id" AS "Company__owner_id","Company"."deleted_at" AS "Company__deleted_at" FROM "path_users" LEFT JOIN "path_companies" "Company" ON "path_users"."company_id" = "Company"."id";

-- OnlyDeleted, Joins
SELECT "path_users"."id","path_users"."name","path_users"."badge","path_users"."age","path_users"."company_id","path_users"."deleted_at","Company"."id" AS "Company__id","Company"."name" AS "Company__name","Company"."owner_id" AS "Company__owner_id","Company"."deleted_at" AS "Company__deleted_at" FROM "path_users" LEFT JOIN "path_companies" "Company" ON "path_users"."company_id" = "Company"."id" WHERE "path_users"."deleted_at" IS NOT NULL;

-- Count of Joins
SELECT count(*) FROM "path_users" INNER JOIN "path_companies" "Company" ON "path_users"."company_id" = "Company"."id" AND "Company"."deleted_at" IS NULL WHERE "path_users"."deleted_at" IS NULL;

-- First of Joins
SELECT "path_users"."id","path_users"."name","path_users"."badge","path_users"."age","path_users"."company_id","path_users"."deleted_at","Company"."id" AS "Company__id","Company"."name" AS "Company__name","Company"."owner_id" AS "Company__owner_id","Company"."deleted_at" AS "Company__deleted_at" FROM "path_users" LEFT JOIN "path_companies" "Company" ON "path_users"."company_id" = "Company"."id" AND "Company"."deleted_at" IS NULL WHERE "path_users"."id" = $1 AND "path_users"."deleted_at" IS NULL ORDER BY "path_users"."id" LIMIT $2;  -- 1, 2

-- Pluck of Joins
SELECT "Company"."name" FROM "path_users" INNER JOIN "path_companies" "Company" ON "path_users"."company_id" = "Company"."id" AND "Company"."deleted_at" IS NULL WHERE "path_users"."deleted_at" IS NULL;

-- a join as text is not rewritten
SELECT "c"."name" FROM "path_users" JOIN path_companies c ON c.id = path_users.company_id WHERE "path_users"."deleted_at" IS NULL;

-- a join as text with Live
SELECT "c"."name" FROM "path_users" JOIN path_companies c ON c.id = path_users.company_id AND ("c"."deleted_at" IS NULL) WHERE "path_users"."deleted_at" IS NULL;

-- a join as text with an OR and Live
SELECT "c"."name" FROM "path_users" JOIN path_companies c ON (c.id = path_users.company_id OR c.id = 0) AND ("c"."deleted_at" IS NULL) WHERE "path_users"."deleted_at" IS NULL;

-- a join as text of links with Live
SELECT "r"."name" FROM "path_users" JOIN path_user_roles l ON l.path_user_id = path_users.id AND ("l"."deleted_at" IS NULL) JOIN path_roles r ON r.id = l.path_role_id AND ("r"."deleted_at" IS NULL) WHERE path_users.id = 1 AND "path_users"."deleted_at" IS NULL;

-- a clause.Join with Live
SELECT "c"."name" FROM "path_users" JOIN "path_companies" "c" ON "c"."id" = "path_users"."company_id" AND ("c"."deleted_at" IS NULL) WHERE "path_users"."deleted_at" IS NULL;

-- Table with an alias
SELECT * FROM path_users u WHERE "u"."deleted_at" IS NULL;

-- Table with AS
SELECT * FROM path_users AS u WHERE "u"."deleted_at" IS NULL;

-- Table with an alias, and a condition on it
SELECT * FROM path_users AS u WHERE u.age = 30 AND "u"."deleted_at" IS NULL;

-- Table with an alias, and a model
SELECT count(*) FROM path_users u WHERE "u"."deleted_at" IS NULL;

-- Table with a quoted alias
SELECT * FROM "path_users" "u" WHERE "u"."deleted_at" IS NULL;

-- Table with AS and a quoted alias
SELECT * FROM "path_users" AS "u" WHERE "u"."deleted_at" IS NULL;

-- Table with AS in lower case and a quoted alias
SELECT * FROM path_users as "u" WHERE "u"."deleted_at" IS NULL;

-- Table with a quoted alias of several words
SELECT * FROM "path_users" AS "the users" WHERE "the users"."deleted_at" IS NULL;

-- First of Table with a quoted alias
SELECT * FROM "path_users" AS "u" WHERE "u"."deleted_at" IS NULL ORDER BY "u"."id" LIMIT $1;  -- 1

-- Table of a sub-query
SELECT * FROM (SELECT * FROM "path_users" WHERE "path_users"."deleted_at" IS NULL) AS u WHERE "u"."deleted_at" IS NULL;

-- Unscoped Table of a sub-query without the deletion column
SELECT * FROM (SELECT "id","name" FROM "path_users" WHERE "path_users"."deleted_at" IS NULL) AS u;

-- Table of a sub-query with a quoted alias
SELECT * FROM (SELECT "id","name","age","deleted_at" FROM "path_users" WHERE "path_users"."deleted_at" IS NULL) AS "u" WHERE age = 30 AND "u"."deleted_at" IS NULL;

-- Table of an Unscoped sub-query
SELECT * FROM (SELECT * FROM "path_users") AS u WHERE "u"."deleted_at" IS NULL;

-- Table of a sub-query beside another
SELECT u.* FROM (SELECT * FROM "path_users") as u, (SELECT id AS cid FROM "path_companies" WHERE id = 1 AND "path_companies"."deleted_at" IS NULL) as c WHERE "u"."deleted_at" IS NULL;

-- OnlyDeleted, Table of an Unscoped sub-query
SELECT * FROM (SELECT * FROM "path_users") AS u WHERE "u"."deleted_at" IS NOT NULL;

-- WithDeleted, Table of an Unscoped sub-query
SELECT * FROM (SELECT * FROM "path_users") AS u;

-- Unscoped, OnlyDeleted
SELECT * FROM "path_users" WHERE "path_users"."deleted_at" IS NOT NULL;

-- Table of a sub-query without a model
SELECT * FROM (SELECT * FROM "path_users") AS u WHERE "u"."deleted_at" IS NULL;

-- Table of a raw sub-query
SELECT * FROM (SELECT * FROM path_users) AS u WHERE "u"."deleted_at" IS NULL;

-- Table of the users beside another
SELECT path_users.* FROM path_users, path_companies AS c WHERE c.id = 1 AND "path_users"."deleted_at" IS NULL;

-- Table of the users with a join
SELECT path_users.* FROM path_users JOIN path_companies AS c ON c.id = path_users.company_id WHERE c.deleted_at IS NULL AND "path_users"."deleted_at" IS NULL;

-- Table of the users behind another
SELECT path_users.* FROM path_companies AS c, path_users WHERE (c.id = 1 AND age = 30) AND "path_users"."deleted_at" IS NULL;

-- Table of the users joined to another
SELECT u.* FROM path_companies c JOIN path_users u ON c.id = u.company_id WHERE c.deleted_at IS NULL AND "u"."deleted_at" IS NULL;

-- Table of the users joined to another, quoted
SELECT u.* FROM "path_companies" AS "c" LEFT JOIN "path_users" AS "u" ON "c"."id" = "u"."company_id" WHERE c.deleted_at IS NULL AND "u"."deleted_at" IS NULL;

-- Table of the users behind a sub-query
SELECT u.* FROM (SELECT id AS cid FROM "path_companies" WHERE id = 1 AND "path_companies"."deleted_at" IS NULL) AS c JOIN path_users AS u ON u.company_id = c.cid WHERE "u"."deleted_at" IS NULL;

-- Table of the users beside a sub-query
SELECT u.* FROM path_users AS u, (SELECT id AS cid FROM "path_companies" WHERE id = 1 AND "path_companies"."deleted_at" IS NULL) AS c WHERE "u"."deleted_at" IS NULL;

-- Table without a model is not rewritten: maps
SELECT * FROM "path_users";

-- Table without a model is not rewritten: a smaller struct
SELECT * FROM "path_users";

-- Table without a model is not rewritten: Count
SELECT count(*) FROM "path_users";

-- Table without a model, with Live
SELECT "name" FROM "path_users" WHERE ("path_users"."deleted_at" IS NULL);

-- Table without a model, with Live beside an OR
SELECT "name" FROM path_users AS u WHERE (age = 30 OR age = 40) AND ("u"."deleted_at" IS NULL);

-- Table without a model, with Live inside Not
SELECT "name" FROM "path_users" WHERE NOT ("path_users"."deleted_at" IS NULL);

-- Raw is not rewritten
SELECT * FROM path_users;

-- Raw and Find is not rewritten
SELECT * FROM path_users;

-- Raw with Live
SELECT * FROM path_users u WHERE ("u"."deleted_at" IS NULL);

-- Exec is not rewritten
UPDATE path_users SET age = age + $1;  -- 1

-- Exec with Live
UPDATE path_users SET age = $1 WHERE age = $2 AND ("path_users"."deleted_at" IS NULL);  -- 31, 30

-- Delete from Table without a model is not rewritten
DELETE FROM "path_pets" WHERE id = 3;

-- Delete from Table of a smaller struct is not rewritten
SELECT CASE WHEN pg_table_is_visible(c.oid) THEN c.relname ELSE n.nspname || '.' || c.relname END
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass($1);  -- '"softdelete_holds"'
DELETE FROM "path_users" WHERE id = 4;

-- Delete of a model from Table
SELECT "path_users"."id" FROM "path_users" WHERE (id = 4) AND "path_users"."deleted_at" IS NULL LIMIT 101;
UPDATE "path_users" SET "deleted_at"=$1 WHERE id = 4 AND "path_users"."id" = $2 AND "path_users"."deleted_at" IS NULL;  -- time, 4

-- Update of Table without a model is not rewritten
UPDATE "path_users" SET "age"=$1 WHERE age = 30;  -- 31

-- Preload of a belongs-to
SELECT * FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;
SELECT * FROM "path_companies" WHERE "path_companies"."id" IN ($1,$2,$3) AND "path_companies"."deleted_at" IS NULL;  -- 1, 2, 3

-- Preload of a nested relation
SELECT * FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;
SELECT * FROM "path_companies" WHERE "path_companies"."id" IN ($1,$2,$3) AND "path_companies"."deleted_at" IS NULL;  -- 1, 2, 3
SELECT * FROM "path_owners" WHERE "path_owners"."id" IN ($1,$2) AND "path_owners"."deleted_at" IS NULL;  -- 1, 2

-- Preload of a has-many
SELECT * FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;
SELECT * FROM "path_pets" WHERE "path_pets"."user_id" IN ($1,$2,$3) AND "path_pets"."status" <> 'gone';  -- 1, 2, 4

-- Preload of a many2many
SELECT * FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;
SELECT * FROM "path_user_roles" WHERE "path_user_roles"."path_user_id" IN ($1,$2,$3) AND "path_user_roles"."deleted_at" IS NULL;  -- 1, 2, 4
SELECT * FROM "path_roles" WHERE "path_roles"."id" IN ($1,$2) AND "path_roles"."deleted_at" IS NULL;  -- 1, 2

-- Preload of all associations
SELECT * FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;
SELECT * FROM "path_companies" WHERE "path_companies"."id" IN ($1,$2,$3) AND "path_companies"."deleted_at" IS NULL;  -- 1, 2, 3
SELECT * FROM "path_pets" WHERE "path_pets"."user_id" IN ($1,$2,$3) AND "path_pets"."status" <> 'gone';  -- 1, 2, 4
SELECT * FROM "path_user_roles" WHERE "path_user_roles"."path_user_id" IN ($1,$2,$3) AND "path_user_roles"."deleted_at" IS NULL;  -- 1, 2, 4
SELECT * FROM "path_roles" WHERE "path_roles"."id" IN ($1,$2) AND "path_roles"."deleted_at" IS NULL;  -- 1, 2

-- Preload with a raw OR between newlines
SELECT * FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;
SELECT * FROM "path_pets" WHERE "path_pets"."user_id" IN ($1,$2,$3) AND (name = 'rex'
OR
name = 'old') AND "path_pets"."status" <> 'gone';  -- 1, 2, 4

-- Preload of a many2many with a raw OR
SELECT * FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;
SELECT * FROM "path_user_roles" WHERE "path_user_roles"."path_user_id" IN ($1,$2,$3) AND "path_user_roles"."deleted_at" IS NULL;  -- 1, 2, 4
SELECT * FROM "path_roles" WHERE "path_roles"."id" IN ($1,$2) AND (name = 'admin' or(name <> '')) AND "path_roles"."deleted_at" IS NULL;  -- 1, 2

-- Preload with a function with Or
SELECT * FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;
SELECT * FROM "path_pets" WHERE ("path_pets"."user_id" IN ($1,$2,$3) AND name = 'rex' OR name = 'old') AND "path_pets"."status" <> 'gone';  -- 1, 2, 4

-- Unscoped, Preload
SELECT * FROM "path_users";
SELECT * FROM "path_companies" WHERE "path_companies"."id" IN ($1,$2,$3);  -- 1, 2, 3
SELECT * FROM "path_owners" WHERE "path_owners"."id" IN ($1,$2);  -- 1, 2

-- Unscoped, Preload of a many2many
SELECT * FROM "path_users";
SELECT * FROM "path_user_roles" WHERE "path_user_roles"."path_user_id" IN ($1,$2,$3,$4);  -- 1, 2, 3, 4
SELECT * FROM "path_roles" WHERE "path_roles"."id" IN ($1,$2,$3);  -- 1, 2, 3

-- WithDeleted, Preload of a many2many
SELECT * FROM "path_users";
SELECT * FROM "path_user_roles" WHERE "path_user_roles"."path_user_id" IN ($1,$2,$3,$4);  -- 1, 2, 3, 4
SELECT * FROM "path_roles" WHERE "path_roles"."id" IN ($1,$2,$3);  -- 1, 2, 3

-- OnlyDeleted, Preload
SELECT * FROM "path_users" WHERE "path_users"."deleted_at" IS NOT NULL;
SELECT * FROM "path_companies" WHERE "path_companies"."id" = $1;  -- 1
SELECT * FROM "path_user_roles" WHERE "path_user_roles"."path_user_id" = $1;  -- 3
SELECT * FROM "path_roles" WHERE "path_roles"."id" = $1;  -- 1

-- WithDeletedIn, Preload
SELECT * FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;
SELECT * FROM "path_companies" WHERE "path_companies"."id" IN ($1,$2,$3) AND name = 'core' AND "path_companies"."deleted_at" IS NULL;  -- 1, 2, 3
SELECT * FROM "path_pets" WHERE "path_pets"."user_id" IN ($1,$2,$3);  -- 1, 2, 4

-- WithDeletedIn, Preload of a many2many
SELECT * FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;
SELECT * FROM "path_user_roles" WHERE "path_user_roles"."path_user_id" IN ($1,$2,$3);  -- 1, 2, 4
SELECT * FROM "path_roles" WHERE "path_roles"."id" IN ($1,$2,$3);  -- 1, 2, 3

-- WithDeletedIn of a nested relation, Preload
SELECT * FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;
SELECT * FROM "path_companies" WHERE "path_companies"."id" IN ($1,$2,$3) AND "path_companies"."deleted_at" IS NULL;  -- 1, 2, 3
SELECT * FROM "path_owners" WHERE "path_owners"."id" IN ($1,$2);  -- 1, 2

-- Preload with a function that is Unscoped
SELECT * FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;
SELECT * FROM "path_pets" WHERE "path_pets"."user_id" IN ($1,$2,$3);  -- 1, 2, 4

-- Preload with a function WithDeleted
SELECT * FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;
SELECT * FROM "path_pets" WHERE "path_pets"."user_id" IN ($1,$2,$3);  -- 1, 2, 4

-- Preload with a function OnlyDeleted
SELECT * FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;
SELECT * FROM "path_pets" WHERE "path_pets"."user_id" IN ($1,$2,$3) AND "path_pets"."status" = 'gone';  -- 1, 2, 4

-- Preload of all associations with a function that is Unscoped
SELECT * FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;
SELECT * FROM "path_companies" WHERE "path_companies"."id" IN ($1,$2,$3);  -- 1, 2, 3
SELECT * FROM "path_pets" WHERE "path_pets"."user_id" IN ($1,$2,$3);  -- 1, 2, 4
SELECT * FROM "path_user_roles" WHERE "path_user_roles"."path_user_id" IN ($1,$2,$3) AND "path_user_roles"."deleted_at" IS NULL;  -- 1, 2, 4
SELECT * FROM "path_roles" WHERE "path_roles"."id" IN ($1,$2);  -- 1, 2

-- Joins and Preload
SELECT "path_users"."id","path_users"."name","path_users"."badge","path_users"."age","path_users"."company_id","path_users"."deleted_at","Company"."id" AS "Company__id","Company"."name" AS "Company__name","Company"."owner_id" AS "Company__owner_id","Company"."deleted_at" AS "Company__deleted_at" FROM "path_users" LEFT JOIN "path_companies" "Company" ON "path_users"."company_id" = "Company"."id" AND "Company"."deleted_at" IS NULL WHERE "path_users"."deleted_at" IS NULL;
SELECT * FROM "path_owners" WHERE "path_owners"."id" IN ($1,$2) AND "path_owners"."deleted_at" IS NULL;  -- 1, 2

-- Association Find of a has-many
SELECT * FROM "path_pets" WHERE "path_pets"."user_id" = $1 AND "path_pets"."status" <> 'gone';  -- 1

-- Association Count of a has-many
SELECT count(*) FROM "path_pets" WHERE "path_pets"."user_id" = $1 AND "path_pets"."status" <> 'gone';  -- 1

-- Association Find of a has-many with a raw OR
SELECT * FROM "path_pets" WHERE (name = 'rex'
OR
name = 'old') AND "path_pets"."user_id" = $1 AND "path_pets"."status" <> 'gone';  -- 1

-- Association Find of a belongs-to
SELECT * FROM "path_companies" WHERE "path_companies"."id" = $1 AND "path_companies"."deleted_at" IS NULL;  -- 2

-- Association Find of a many2many
SELECT "path_roles"."id","path_roles"."name","path_roles"."deleted_at" FROM "path_roles" JOIN "path_user_roles" ON "path_user_roles"."path_role_id" = "path_roles"."id" AND "path_user_roles"."path_user_id" = $1 WHERE "path_user_roles"."deleted_at" IS NULL AND "path_roles"."deleted_at" IS NULL;  -- 1

-- Association Count of a many2many
SELECT count(*) FROM "path_roles" JOIN "path_user_roles" ON "path_user_roles"."path_role_id" = "path_roles"."id" AND "path_user_roles"."path_user_id" = $1 WHERE "path_user_roles"."deleted_at" IS NULL AND "path_roles"."deleted_at" IS NULL;  -- 1

-- Association Find of a many2many with a raw OR
SELECT "path_roles"."id","path_roles"."name","path_roles"."deleted_at" FROM "path_roles" JOIN "path_user_roles" ON "path_user_roles"."path_role_id" = "path_roles"."id" AND "path_user_roles"."path_user_id" = $1 WHERE (name = 'admin'
OR
name = 'reader' or(name = 'retired')) AND "path_user_roles"."deleted_at" IS NULL AND "path_roles"."deleted_at" IS NULL;  -- 1

-- Association Find of a many2many of several owners
SELECT "path_roles"."id","path_roles"."name","path_roles"."deleted_at" FROM "path_roles" JOIN "path_user_roles" ON "path_user_roles"."path_role_id" = "path_roles"."id" AND "path_user_roles"."path_user_id" IN ($1,$2,$3) WHERE "path_user_roles"."deleted_at" IS NULL AND "path_roles"."deleted_at" IS NULL;  -- 1, 2, 3

-- Association Find of a many2many, Unscoped
SELECT "path_roles"."id","path_roles"."name","path_roles"."deleted_at" FROM "path_roles" JOIN "path_user_roles" ON "path_user_roles"."path_role_id" = "path_roles"."id" AND "path_user_roles"."path_user_id" = $1;  -- 1

-- Association Count of a many2many, Unscoped
SELECT count(*) FROM "path_roles" JOIN "path_user_roles" ON "path_user_roles"."path_role_id" = "path_roles"."id" AND "path_user_roles"."path_user_id" = $1;  -- 1

-- Association Find of a many2many, OnlyDeleted
SELECT "path_roles"."id","path_roles"."name","path_roles"."deleted_at" FROM "path_roles" JOIN "path_user_roles" ON "path_user_roles"."path_role_id" = "path_roles"."id" AND "path_user_roles"."path_user_id" = $1 WHERE "path_roles"."deleted_at" IS NOT NULL;  -- 1

-- Association Find of a many2many, WithDeleted
SELECT "path_roles"."id","path_roles"."name","path_roles"."deleted_at" FROM "path_roles" JOIN "path_user_roles" ON "path_user_roles"."path_role_id" = "path_roles"."id" AND "path_user_roles"."path_user_id" = $1;  -- 1

-- Association Unscoped Find is filtered all the same
SELECT "path_roles"."id","path_roles"."name","path_roles"."deleted_at" FROM "path_roles" JOIN "path_user_roles" ON "path_user_roles"."path_role_id" = "path_roles"."id" AND "path_user_roles"."path_user_id" = $1 WHERE "path_user_roles"."deleted_at" IS NULL AND "path_roles"."deleted_at" IS NULL;  -- 1

-- Association Append of a new role
SAVEPOINT softdelete_1;
INSERT INTO "path_roles" ("name","deleted_at","id") VALUES ($1,$2,$3) ON CONFLICT DO NOTHING RETURNING "id";  -- 'writer', NULL, 9
SAVEPOINT softdelete_1;
INSERT INTO "path_user_roles" ("path_user_id","path_role_id","deleted_at") VALUES ($1,$2,$3) ON CONFLICT ("path_user_id","path_role_id") DO UPDATE SET "deleted_at"="excluded"."deleted_at" WHERE "path_user_roles"."deleted_at" IS NOT NULL ;  -- 1, 9, NULL

-- Association Append of a live link
SAVEPOINT softdelete_1;
INSERT INTO "path_roles" ("name","deleted_at","id") VALUES ($1,$2,$3) ON CONFLICT DO NOTHING RETURNING "id";  -- 'admin', NULL, 1
SAVEPOINT softdelete_1;
INSERT INTO "path_user_roles" ("path_user_id","path_role_id","deleted_at") VALUES ($1,$2,$3) ON CONFLICT ("path_user_id","path_role_id") DO UPDATE SET "deleted_at"="excluded"."deleted_at" WHERE "path_user_roles"."deleted_at" IS NOT NULL ;  -- 1, 1, NULL

-- Association Append of a deleted link
SAVEPOINT softdelete_1;
INSERT INTO "path_roles" ("name","deleted_at","id") VALUES ($1,$2,$3) ON CONFLICT DO NOTHING RETURNING "id";  -- 'reader', NULL, 3
SAVEPOINT softdelete_1;
INSERT INTO "path_user_roles" ("path_user_id","path_role_id","deleted_at") VALUES ($1,$2,$3) ON CONFLICT ("path_user_id","path_role_id") DO UPDATE SET "deleted_at"="excluded"."deleted_at" WHERE "path_user_roles"."deleted_at" IS NOT NULL ;  -- 1, 3, NULL

-- Association Append of live, deleted and new links
SAVEPOINT softdelete_1;
INSERT INTO "path_roles" ("name","deleted_at","id") VALUES ($1,$2,$3),($4,$5,$6),($7,$8,$9) ON CONFLICT DO NOTHING RETURNING "id";  -- 'admin', NULL, 1, 'reader', NULL, 3, 'writer', NULL, 9
SAVEPOINT softdelete_1;
INSERT INTO "path_user_roles" ("path_user_id","path_role_id","deleted_at") VALUES ($1,$2,$3),($4,$5,$6),($7,$8,$9) ON CONFLICT ("path_user_id","path_role_id") DO UPDATE SET "deleted_at"="excluded"."deleted_at" WHERE "path_user_roles"."deleted_at" IS NOT NULL ;  -- 1, 1, NULL, 1, 3, NULL, 1, 9, NULL

-- Association Append of a link twice
SAVEPOINT softdelete_1;
INSERT INTO "path_roles" ("name","deleted_at","id") VALUES ($1,$2,$3) ON CONFLICT DO NOTHING RETURNING "id";  -- 'reader', NULL, 3
SAVEPOINT softdelete_1;
INSERT INTO "path_user_roles" ("path_user_id","path_role_id","deleted_at") VALUES ($1,$2,$3) ON CONFLICT ("path_user_id","path_role_id") DO UPDATE SET "deleted_at"="excluded"."deleted_at" WHERE "path_user_roles"."deleted_at" IS NOT NULL ;  -- 1, 3, NULL

-- Association Append of a deleted role does not revive it
SAVEPOINT softdelete_1;
INSERT INTO "path_roles" ("name","deleted_at","id") VALUES ($1,$2,$3) ON CONFLICT DO NOTHING RETURNING "id";  -- 'retired', NULL, 2
SAVEPOINT softdelete_1;
INSERT INTO "path_user_roles" ("path_user_id","path_role_id","deleted_at") VALUES ($1,$2,$3) ON CONFLICT ("path_user_id","path_role_id") DO UPDATE SET "deleted_at"="excluded"."deleted_at" WHERE "path_user_roles"."deleted_at" IS NOT NULL ;  -- 1, 2, NULL

-- Association Delete
UPDATE "path_user_roles" SET "deleted_at"=$1 WHERE ("path_user_roles"."path_user_id" = $2 AND "path_user_roles"."path_role_id" = $3) AND "path_user_roles"."deleted_at" IS NULL;  -- time, 1, 1

-- Association Delete of a deleted link
UPDATE "path_user_roles" SET "deleted_at"=$1 WHERE ("path_user_roles"."path_user_id" = $2 AND "path_user_roles"."path_role_id" = $3) AND "path_user_roles"."deleted_at" IS NULL;  -- time, 1, 3

-- Association Unscoped Delete marks the link all the same
UPDATE "path_user_roles" SET "deleted_at"=$1 WHERE ("path_user_roles"."path_user_id" = $2 AND "path_user_roles"."path_role_id" = $3) AND "path_user_roles"."deleted_at" IS NULL;  -- time, 1, 1

-- Association Clear
UPDATE "path_user_roles" SET "deleted_at"=$1 WHERE "path_user_roles"."path_user_id" = $2 AND "path_user_roles"."deleted_at" IS NULL;  -- time, 1

-- Association Replace
SAVEPOINT softdelete_1;
INSERT INTO "path_roles" ("name","deleted_at","id") VALUES ($1,$2,$3) ON CONFLICT DO NOTHING RETURNING "id";  -- 'reader', NULL, 3
SAVEPOINT softdelete_1;
INSERT INTO "path_user_roles" ("path_user_id","path_role_id","deleted_at") VALUES ($1,$2,$3) ON CONFLICT ("path_user_id","path_role_id") DO UPDATE SET "deleted_at"="excluded"."deleted_at" WHERE "path_user_roles"."deleted_at" IS NOT NULL ;  -- 1, 3, NULL
UPDATE "path_user_roles" SET "deleted_at"=$1 WHERE "path_user_roles"."path_user_id" = $2 AND "path_user_roles"."path_role_id" <> $3 AND "path_user_roles"."deleted_at" IS NULL;  -- time, 1, 3

-- Association Replace with nothing
UPDATE "path_user_roles" SET "deleted_at"=$1 WHERE "path_user_roles"."path_user_id" = $2 AND "path_user_roles"."deleted_at" IS NULL;  -- time, 1

-- Association Delete and Append of a link leaves one
UPDATE "path_user_roles" SET "deleted_at"=$1 WHERE ("path_user_roles"."path_user_id" = $2 AND "path_user_roles"."path_role_id" = $3) AND "path_user_roles"."deleted_at" IS NULL;  -- time, 1, 1
SAVEPOINT softdelete_1;
INSERT INTO "path_roles" ("name","deleted_at","id") VALUES ($1,$2,$3) ON CONFLICT DO NOTHING RETURNING "id";  -- 'admin', NULL, 1
SAVEPOINT softdelete_1;
INSERT INTO "path_user_roles" ("path_user_id","path_role_id","deleted_at") VALUES ($1,$2,$3) ON CONFLICT ("path_user_id","path_role_id") DO UPDATE SET "deleted_at"="excluded"."deleted_at" WHERE "path_user_roles"."deleted_at" IS NOT NULL ;  -- 1, 1, NULL
SELECT "path_roles"."id","path_roles"."name","path_roles"."deleted_at" FROM "path_roles" JOIN "path_user_roles" ON "path_user_roles"."path_role_id" = "path_roles"."id" AND "path_user_roles"."path_user_id" = $1 WHERE "path_user_roles"."deleted_at" IS NULL AND "path_roles"."deleted_at" IS NULL;  -- 1

-- Association Find of a many2many with Or
SELECT "path_roles"."id","path_roles"."name","path_roles"."deleted_at" FROM "path_roles" JOIN "path_user_roles" ON "path_user_roles"."path_role_id" = "path_roles"."id" AND "path_user_roles"."path_user_id" = $1 WHERE (name = 'admin' OR name = 'reader') AND "path_user_roles"."deleted_at" IS NULL AND "path_roles"."deleted_at" IS NULL;  -- 1

-- Association Delete, Unscoped
SELECT CASE WHEN pg_table_is_visible(c.oid) THEN c.relname ELSE n.nspname || '.' || c.relname END
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass($1);  -- '"softdelete_holds"'
SELECT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.contype = 'f' AND k.confdeltype IN ('c', 'n', 'd') AND coalesce(row_security_active(k.conrelid), false));
DELETE FROM "path_user_roles" WHERE "path_user_roles"."path_user_id" = $1 AND "path_user_roles"."path_role_id" IN ($2,$3);  -- 1, 1, 3

-- Association Append for several owners
SAVEPOINT softdelete_1;
INSERT INTO "path_roles" ("name","deleted_at","id") VALUES ($1,$2,$3) ON CONFLICT DO NOTHING RETURNING "id";  -- 'reader', NULL, 3
SAVEPOINT softdelete_1;
INSERT INTO "path_user_roles" ("path_user_id","path_role_id","deleted_at") VALUES ($1,$2,$3) ON CONFLICT ("path_user_id","path_role_id") DO UPDATE SET "deleted_at"="excluded"."deleted_at" WHERE "path_user_roles"."deleted_at" IS NOT NULL ;  -- 1, 3, NULL
SAVEPOINT softdelete_1;
INSERT INTO "path_roles" ("name","deleted_at","id") VALUES ($1,$2,$3) ON CONFLICT DO NOTHING RETURNING "id";  -- 'reader', NULL, 3
SAVEPOINT softdelete_1;
INSERT INTO "path_user_roles" ("path_user_id","path_role_id","deleted_at") VALUES ($1,$2,$3) ON CONFLICT ("path_user_id","path_role_id") DO UPDATE SET "deleted_at"="excluded"."deleted_at" WHERE "path_user_roles"."deleted_at" IS NOT NULL ;  -- 2, 3, NULL

-- Create of a user with roles
INSERT INTO "path_users" ("name","badge","age","company_id","deleted_at","id") VALUES ($1,$2,$3,$4,$5,$6) RETURNING "id";  -- 'eve', 'e9', 0, NULL, NULL, 9
SAVEPOINT softdelete_1;
INSERT INTO "path_roles" ("name","deleted_at","id") VALUES ($1,$2,$3),($4,$5,$6) ON CONFLICT DO NOTHING RETURNING "id";  -- 'admin', NULL, 1, 'writer', NULL, 9
SAVEPOINT softdelete_1;
INSERT INTO "path_user_roles" ("path_user_id","path_role_id","deleted_at") VALUES ($1,$2,$3),($4,$5,$6) ON CONFLICT ("path_user_id","path_role_id") DO UPDATE SET "deleted_at"="excluded"."deleted_at" WHERE "path_user_roles"."deleted_at" IS NOT NULL ;  -- 9, 1, NULL, 9, 9, NULL

-- Save of a user with a role whose link is deleted
UPDATE "path_users" SET "name"=$1,"badge"=$2,"age"=$3,"deleted_at"=$4 WHERE "path_users"."deleted_at" IS NULL AND "id" = $5;  -- 'ann', 'a1', 30, NULL, 1
SAVEPOINT softdelete_1;
INSERT INTO "path_roles" ("name","deleted_at","id") VALUES ($1,$2,$3) ON CONFLICT DO NOTHING RETURNING "id";  -- 'reader', NULL, 3
SAVEPOINT softdelete_1;
INSERT INTO "path_user_roles" ("path_user_id","path_role_id","deleted_at") VALUES ($1,$2,$3) ON CONFLICT ("path_user_id","path_role_id") DO UPDATE SET "deleted_at"="excluded"."deleted_at" WHERE "path_user_roles"."deleted_at" IS NOT NULL ;  -- 1, 3, NULL

-- Updates of a user with a role whose link is deleted
UPDATE "path_users" SET "age"=$1 WHERE "path_users"."deleted_at" IS NULL AND "id" = $2;  -- 31, 1
SAVEPOINT softdelete_1;
INSERT INTO "path_roles" ("name","deleted_at","id") VALUES ($1,$2,$3) ON CONFLICT DO NOTHING RETURNING "id";  -- 'reader', NULL, 3
SAVEPOINT softdelete_1;
INSERT INTO "path_user_roles" ("path_user_id","path_role_id","deleted_at") VALUES ($1,$2,$3) ON CONFLICT ("path_user_id","path_role_id") DO UPDATE SET "deleted_at"="excluded"."deleted_at" WHERE "path_user_roles"."deleted_at" IS NOT NULL ;  -- 1, 3, NULL

-- FullSaveAssociations of a user with a deleted role
UPDATE "path_users" SET "age"=$1 WHERE "path_users"."deleted_at" IS NULL AND "id" = $2;  -- 31, 1
SAVEPOINT softdelete_1;
INSERT INTO "path_roles" ("name","deleted_at","id") VALUES ($1,$2,$3) ON CONFLICT ("id") DO UPDATE SET "name"="excluded"."name","deleted_at"="excluded"."deleted_at" WHERE "path_roles"."deleted_at" IS NULL  RETURNING "id";  -- 'revived', NULL, 2
SELECT "id" FROM "path_roles" WHERE "path_roles"."id" = $1 AND "deleted_at" IS NOT NULL LIMIT 10;  -- 2
ROLLBACK TO SAVEPOINT softdelete_1;
ROLLBACK;

-- Create of a link by hand is a plain insert
INSERT INTO "path_user_roles" ("path_user_id","path_role_id","deleted_at") VALUES ($1,$2,$3) ON CONFLICT DO NOTHING;  -- 1, 3, NULL

-- Delete of a user with its links
SAVEPOINT softdelete_1;
UPDATE "path_user_roles" SET "deleted_at"=$1 WHERE "path_user_roles"."path_user_id" = $2 AND "path_user_roles"."deleted_at" IS NULL;  -- time, 1
UPDATE "path_users" SET "deleted_at"=$1 WHERE "path_users"."id" = $2 AND "path_users"."deleted_at" IS NULL;  -- time, 1

-- a query of the links
SELECT count(*) FROM "path_user_roles" WHERE "path_user_roles"."deleted_at" IS NULL;

-- Association Append of a has-many
SAVEPOINT softdelete_1;
INSERT INTO "path_pets" ("user_id","name","status","id") VALUES ($1,$2,$3,$4) ON CONFLICT ("id") DO UPDATE SET "user_id"="excluded"."user_id" WHERE "path_pets"."status" <> 'gone'  RETURNING "id";  -- 1, 'toy', 'here', 9
SELECT * FROM "path_pets" WHERE "path_pets"."user_id" = $1 AND "path_pets"."status" <> 'gone';  -- 1

-- Association Append of a deleted row to a has-many
SAVEPOINT softdelete_1;
INSERT INTO "path_pets" ("user_id","name","status","id") VALUES ($1,$2,$3,$4) ON CONFLICT ("id") DO UPDATE SET "user_id"="excluded"."user_id" WHERE "path_pets"."status" <> 'gone'  RETURNING "id";  -- 2, 'old', 'here', 2
SELECT "id" FROM "path_pets" WHERE "path_pets"."id" = $1 AND "status" = 'gone' LIMIT 10;  -- 2
ROLLBACK TO SAVEPOINT softdelete_1;
ROLLBACK;

-- Association Delete of a has-many clears the key
UPDATE "path_pets" SET "user_id"=$1 WHERE ("path_pets"."user_id" = $2 AND "path_pets"."id" IN ($3,$4)) AND "path_pets"."status" <> 'gone';  -- NULL, 1, 1, 2
SELECT * FROM "path_pets" WHERE "path_pets"."user_id" = $1 AND "path_pets"."status" <> 'gone';  -- 1

-- Association Replace of a has-many clears the live keys
SAVEPOINT softdelete_1;
INSERT INTO "path_pets" ("user_id","name","status","id") VALUES ($1,$2,$3,$4) ON CONFLICT ("id") DO UPDATE SET "user_id"="excluded"."user_id" WHERE "path_pets"."status" <> 'gone'  RETURNING "id";  -- 1, 'tom', 'here', 3
UPDATE "path_pets" SET "user_id"=$1 WHERE "path_pets"."id" <> $2 AND "path_pets"."user_id" = $3 AND "path_pets"."status" <> 'gone';  -- NULL, 3, 1
SELECT * FROM "path_pets" WHERE "path_pets"."user_id" = $1 AND "path_pets"."status" <> 'gone';  -- 1

-- Association Clear of a has-many clears the live keys
UPDATE "path_pets" SET "user_id"=$1 WHERE "path_pets"."user_id" = $2 AND "path_pets"."status" <> 'gone';  -- NULL, 1
SELECT * FROM "path_pets" WHERE "path_pets"."user_id" = $1 AND "path_pets"."status" <> 'gone';  -- 1

-- Association Unscoped Delete of a has-many marks the rows
UPDATE "path_pets" SET "status"=$1 WHERE ("path_pets"."user_id" = $2 AND "path_pets"."id" = $3) AND "path_pets"."status" <> 'gone';  -- 'gone', 1, 1
SELECT * FROM "path_pets" WHERE "path_pets"."user_id" = $1 AND "path_pets"."status" <> 'gone';  -- 1

-- G Find
SELECT * FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;

-- G First
SELECT * FROM "path_users" WHERE age = $1 AND "path_users"."deleted_at" IS NULL ORDER BY "path_users"."id" LIMIT $2;  -- 1, 30

-- G Last
SELECT * FROM "path_users" WHERE age = $1 AND "path_users"."deleted_at" IS NULL ORDER BY "path_users"."id" DESC LIMIT $2;  -- 1, 30

-- G Take with a raw OR between newlines
SELECT * FROM "path_users" WHERE (name = 'cid'
OR
name = 'ann') AND "path_users"."deleted_at" IS NULL ORDER BY id DESC LIMIT $1;  -- 1

-- G Where and Or
SELECT * FROM "path_users" WHERE (age = 30 OR age = 40) AND "path_users"."deleted_at" IS NULL;

-- G Count
SELECT count(*) FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;

-- G Rows
SELECT "name" FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;

-- G Row
SELECT count(*) FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;

-- G Scan
SELECT id, name FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;

-- G FindInBatches
SELECT * FROM "path_users" WHERE age > 0 AND "path_users"."deleted_at" IS NULL ORDER BY "path_users"."id" LIMIT $1;  -- 2
SELECT * FROM "path_users" WHERE age > 0 AND "path_users"."id" > $1 AND "path_users"."deleted_at" IS NULL ORDER BY "path_users"."id" LIMIT $2;  -- 2, 2

-- G Joins
SELECT "path_users"."id","path_users"."name","path_users"."badge","path_users"."age","path_users"."company_id","path_users"."deleted_at","Company"."id" AS "Company__id","Company"."name" AS "Company__name","Company"."owner_id" AS "Company__owner_id","Company"."deleted_at" AS "Company__deleted_at" FROM "path_users" INNER JOIN "path_companies" "Company" ON "path_users"."company_id" = "Company"."id" AND "Company"."deleted_at" IS NULL WHERE "path_users"."deleted_at" IS NULL;

-- G Joins, left
SELECT "path_users"."id","path_users"."name","path_users"."badge","path_users"."age","path_users"."company_id","path_users"."deleted_at","Company"."id" AS "Company__id","Company"."name" AS "Company__name","Company"."owner_id" AS "Company__owner_id","Company"."deleted_at" AS "Company__deleted_at" FROM "path_users" LEFT JOIN "path_companies" "Company" ON "path_users"."company_id" = "Company"."id" AND "Company"."deleted_at" IS NULL WHERE "path_users"."deleted_at" IS NULL;

-- G Joins, inner
SELECT "path_users"."id","path_users"."name","path_users"."badge","path_users"."age","path_users"."company_id","path_users"."deleted_at","Company"."id" AS "Company__id","Company"."name" AS "Company__name","Company"."owner_id" AS "Company__owner_id","Company"."deleted_at" AS "Company__deleted_at" FROM "path_users" INNER JOIN "path_companies" "Company" ON "path_users"."company_id" = "Company"."id" AND "Company"."deleted_at" IS NULL WHERE "path_users"."deleted_at" IS NULL;

-- G Joins with an alias and a raw OR
SELECT "path_users"."id","path_users"."name","path_users"."badge","path_users"."age","path_users"."company_id","path_users"."deleted_at","c"."id" AS "c__id","c"."name" AS "c__name","c"."owner_id" AS "c__owner_id","c"."deleted_at" AS "c__deleted_at" FROM "path_users" INNER JOIN "path_companies" "c" ON "path_users"."company_id" = "c"."id" AND ("c"."deleted_at" IS NULL AND (c.name = $1
OR
c.name = $2)) WHERE "path_users"."deleted_at" IS NULL;  -- 'acme', 'bust'

-- G Joins of a sub-query
SELECT "path_users"."id","path_users"."name","path_users"."badge","path_users"."age","path_users"."company_id","path_users"."deleted_at","c"."id" AS "c__id","c"."name" AS "c__name","c"."owner_id" AS "c__owner_id","c"."deleted_at" AS "c__deleted_at" FROM "path_users" INNER JOIN (SELECT * FROM "path_companies" WHERE id > $1 AND "path_companies"."deleted_at" IS NULL) AS "c" ON c.id = path_users.company_id WHERE "path_users"."deleted_at" IS NULL;  -- 0

-- G Joins, WithDeletedIn
SELECT "path_users"."id","path_users"."name","path_users"."badge","path_users"."age","path_users"."company_id","path_users"."deleted_at","Company"."id" AS "Company__id","Company"."name" AS "Company__name","Company"."owner_id" AS "Company__owner_id","Company"."deleted_at" AS "Company__deleted_at" FROM "path_users" LEFT JOIN "path_companies" "Company" ON "path_users"."company_id" = "Company"."id" WHERE "path_users"."deleted_at" IS NULL;

-- G Preload
SELECT * FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;
SELECT * FROM "path_pets" WHERE "path_pets"."user_id" IN ($1,$2,$3) AND "path_pets"."status" <> 'gone';  -- 1, 2, 4
SELECT * FROM "path_user_roles" WHERE "path_user_roles"."path_user_id" IN ($1,$2,$3) AND "path_user_roles"."deleted_at" IS NULL;  -- 1, 2, 4
SELECT * FROM "path_roles" WHERE "path_roles"."id" IN ($1,$2) AND "path_roles"."deleted_at" IS NULL;  -- 1, 2

-- G Preload with a raw OR
SELECT * FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;
SELECT * FROM "path_pets" WHERE "path_pets"."user_id" IN ($1,$2,$3) AND (name = 'rex'
OR
name = 'old') AND "path_pets"."status" <> 'gone';  -- 1, 2, 4

-- G Preload with LimitPerRecord
SELECT * FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;
SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY "user_id" ORDER BY "path_pets"."id" DESC) AS "gorm_preload_rnn" FROM "path_pets" WHERE "path_pets"."user_id" IN ($1,$2,$3) AND "path_pets"."status" <> 'gone') t WHERE "gorm_preload_rnn" <= $4;  -- 1, 2, 2, 4

-- G Preload with LimitPerRecord, WithDeletedIn
SELECT * FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;
SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY "user_id" ORDER BY "path_pets"."id" DESC) AS "gorm_preload_rnn" FROM "path_pets" WHERE "path_pets"."user_id" IN ($1,$2,$3)) t WHERE "gorm_preload_rnn" <= $4;  -- 1, 2, 2, 4

-- G of an Unscoped db is filtered all the same
SELECT * FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;

-- G with a scope that is Unscoped
SELECT * FROM "path_users";

-- G WithDeleted
SELECT * FROM "path_users";
SELECT * FROM "path_pets" WHERE "path_pets"."user_id" IN ($1,$2,$3,$4);  -- 1, 2, 3, 4

-- G OnlyDeleted
SELECT * FROM "path_users" WHERE "path_users"."deleted_at" IS NOT NULL;
SELECT * FROM "path_user_roles" WHERE "path_user_roles"."path_user_id" = $1;  -- 3
SELECT * FROM "path_roles" WHERE "path_roles"."id" = $1;  -- 1

-- G WithDeleted Count
SELECT count(*) FROM "path_users";

-- G Update
UPDATE "path_users" SET "age"=$1 WHERE age = $2 AND "path_users"."deleted_at" IS NULL;  -- 31, 30

-- G Updates
UPDATE "path_users" SET "age"=$1 WHERE (name = 'cid'
OR
name = 'ann') AND "path_users"."deleted_at" IS NULL;  -- 31

-- G Set and Update
UPDATE "path_users" SET "age"=$1 WHERE age = $2 AND "path_users"."deleted_at" IS NULL;  -- 31, 30

-- G Update WithDeleted
ROLLBACK;

-- G Delete
SELECT "path_users"."id" FROM "path_users" WHERE (age = $1) AND "path_users"."deleted_at" IS NULL LIMIT 101;  -- 30
UPDATE "path_users" SET "deleted_at"=$1 WHERE age = $2 AND "path_users"."id" = $3 AND "path_users"."deleted_at" IS NULL;  -- time, 30, 1

-- G Delete of an Unscoped db
SELECT "path_users"."id" FROM "path_users" WHERE (age = $1) AND "path_users"."deleted_at" IS NULL LIMIT 101;  -- 50
UPDATE "path_users" SET "deleted_at"=$1 WHERE age = $2 AND "path_users"."id" = $3 AND "path_users"."deleted_at" IS NULL;  -- time, 50, 4

-- G Create
INSERT INTO "path_roles" ("name","deleted_at","id") VALUES ($1,$2,$3) RETURNING "id";  -- 'writer', NULL, 9

-- G Create with an upsert that meets a deleted row
INSERT INTO "path_roles" ("name","deleted_at","id") VALUES ($1,$2,$3) ON CONFLICT ("id") DO UPDATE SET "name"="excluded"."name","deleted_at"="excluded"."deleted_at" WHERE "path_roles"."deleted_at" IS NULL  RETURNING "id";  -- 'revived', NULL, 2
SELECT "id" FROM "path_roles" WHERE "path_roles"."id" = $1 AND "deleted_at" IS NOT NULL LIMIT 10;  -- 2
ROLLBACK;

-- G Set of a has-many, Unlink
UPDATE "path_pets" SET "user_id"=$1 WHERE ("user_id") IN (SELECT "id" FROM "path_users" WHERE id = $2 AND "path_users"."deleted_at" IS NULL) AND "path_pets"."status" <> 'gone';  -- NULL, 1

-- G Set of a has-many, Delete
UPDATE "path_pets" SET "status"=$1 WHERE ("user_id") IN (SELECT "id" FROM "path_users" WHERE id = $2 AND "path_users"."deleted_at" IS NULL) AND "path_pets"."status" <> 'gone';  -- 'gone', 1

-- G Set of a many2many, Create of a deleted link
SELECT * FROM "path_users" WHERE id = $1 AND "path_users"."deleted_at" IS NULL;  -- 1
SAVEPOINT softdelete_1;
INSERT INTO "path_roles" ("name","deleted_at","id") VALUES ($1,$2,$3) ON CONFLICT DO NOTHING RETURNING "id";  -- 'reader', NULL, 3
SAVEPOINT softdelete_1;
INSERT INTO "path_user_roles" ("path_user_id","path_role_id","deleted_at") VALUES ($1,$2,$3) ON CONFLICT ("path_user_id","path_role_id") DO UPDATE SET "deleted_at"="excluded"."deleted_at" WHERE "path_user_roles"."deleted_at" IS NOT NULL ;  -- 1, 3, NULL

-- G Set of a many2many, Unlink
UPDATE "path_user_roles" SET "deleted_at"=$1 WHERE EXISTS (SELECT 1 FROM "path_users" WHERE "path_users"."id" = "path_user_roles"."path_user_id") AND "path_user_roles"."deleted_at" IS NULL;  -- time

-- Update by condition
UPDATE "path_users" SET "age"=$1 WHERE age = $2 AND "path_users"."deleted_at" IS NULL;  -- 31, 30

-- Update with a raw OR between newlines
UPDATE "path_users" SET "age"=$1 WHERE (name = 'cid'
OR
name = 'ann') AND "path_users"."deleted_at" IS NULL;  -- 31

-- Update with Or
UPDATE "path_users" SET "age"=$1 WHERE (name = 'cid' OR name = 'ann') AND "path_users"."deleted_at" IS NULL;  -- 31

-- Update of a deleted row
UPDATE "path_users" SET "age"=$1 WHERE "path_users"."deleted_at" IS NULL AND "id" = $2;  -- 31, 3

-- Update of an Unscoped statement
UPDATE "path_users" SET "age"=$1 WHERE "id" = $2;  -- 31, 3

-- Update WithDeleted
ROLLBACK;

-- Update of an Unscoped statement, OnlyDeleted
UPDATE "path_users" SET "age"=$1 WHERE age = $2 AND "path_users"."deleted_at" IS NOT NULL;  -- 31, 30

-- Updates of a deleted row with a struct
UPDATE "path_users" SET "age"=$1 WHERE "path_users"."deleted_at" IS NULL AND "id" = $2;  -- 31, 3

-- Updates of a deleted row with a map
UPDATE "path_users" SET "age"=$1 WHERE "path_users"."deleted_at" IS NULL AND "id" = $2;  -- 31, 3

-- Updates of a deleted row's value
UPDATE "path_users" SET "name"=$1,"badge"=$2,"age"=$3 WHERE "path_users"."deleted_at" IS NULL AND "id" = $4;  -- 'cid', 'c3', 31, 3

-- UpdateColumn of a deleted row
UPDATE "path_users" SET "age"=$1 WHERE "path_users"."deleted_at" IS NULL AND "id" = $2;  -- 31, 3

-- UpdateColumns of a deleted row
UPDATE "path_users" SET "age"=$1 WHERE "path_users"."deleted_at" IS NULL AND "id" = $2;  -- 31, 3

-- Update of the deletion column of a deleted row
UPDATE "path_users" SET "deleted_at"=$1 WHERE "path_users"."deleted_at" IS NULL AND "id" = $2;  -- NULL, 3

-- Update of the status of a deleted row
UPDATE "path_pets" SET "status"=$1 WHERE "path_pets"."status" <> 'gone' AND "id" = $2;  -- 'here', 2

-- Update with AllowGlobalUpdate
UPDATE "path_users" SET "age"=$1 WHERE "path_users"."deleted_at" IS NULL;  -- 1

-- Update without conditions
ROLLBACK;

-- Update of Table with an alias
UPDATE path_users AS u SET "age"=$1 WHERE u.age = 30 AND "u"."deleted_at" IS NULL;  -- 31

-- Update of Table with a quoted alias
UPDATE "path_users" AS "u" SET "age"=$1 WHERE u.age = 30 AND "u"."deleted_at" IS NULL;  -- 31

-- Delete
UPDATE "path_users" SET "deleted_at"=$1 WHERE "path_users"."id" = $2 AND "path_users"."deleted_at" IS NULL;  -- time, 1

-- Delete of a deleted row
UPDATE "path_users" SET "deleted_at"=$1 WHERE "path_users"."id" = $2 AND "path_users"."deleted_at" IS NULL;  -- time, 3

-- Delete by condition
SELECT "path_users"."id" FROM "path_users" WHERE (age = $1) AND "path_users"."deleted_at" IS NULL LIMIT 101;  -- 30
UPDATE "path_users" SET "deleted_at"=$1 WHERE age = $2 AND "path_users"."id" = $3 AND "path_users"."deleted_at" IS NULL;  -- time, 30, 1

-- Delete with a raw OR between newlines
SELECT "path_users"."id" FROM "path_users" WHERE (name = 'cid'
OR
name = 'ann') AND "path_users"."deleted_at" IS NULL LIMIT 101;
UPDATE "path_users" SET "deleted_at"=$1 WHERE (name = 'cid'
OR
name = 'ann') AND "path_users"."id" = $2 AND "path_users"."deleted_at" IS NULL;  -- time, 1

-- Delete with Or
SELECT "path_users"."id" FROM "path_users" WHERE (name = 'cid' OR name = 'ann') AND "path_users"."deleted_at" IS NULL LIMIT 101;
UPDATE "path_users" SET "deleted_at"=$1 WHERE (name = 'cid' OR name = 'ann') AND "path_users"."id" = $2 AND "path_users"."deleted_at" IS NULL;  -- time, 1

-- Delete of a status model
UPDATE "path_pets" SET "status"=$1 WHERE (user_id = 1 or(1 = 1) AND name = 'old') AND "path_pets"."status" <> 'gone';  -- 'gone'

-- Delete without conditions
ROLLBACK;

-- Delete of an Unscoped statement
SELECT CASE WHEN pg_table_is_visible(c.oid) THEN c.relname ELSE n.nspname || '.' || c.relname END
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass($1);  -- '"softdelete_holds"'
SELECT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.contype = 'f' AND k.confdeltype IN ('c', 'n', 'd') AND coalesce(row_security_active(k.conrelid), false));
DELETE FROM "path_users" WHERE "path_users"."id" = $1;  -- 4

-- Delete of an Unscoped statement, OnlyDeleted, with rows that refer to it
SELECT "path_users"."id" FROM "path_users" WHERE (age = 30 AND "path_users"."deleted_at" IS NOT NULL) LIMIT 101;
SELECT CASE WHEN pg_table_is_visible(c.oid) THEN c.relname ELSE n.nspname || '.' || c.relname END
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass($1);  -- '"softdelete_holds"'
SELECT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.contype = 'f' AND k.confdeltype IN ('c', 'n', 'd') AND coalesce(row_security_active(k.conrelid), false));
DELETE FROM "path_users" WHERE age = 30 AND "path_users"."deleted_at" IS NOT NULL AND "path_users"."id" = $1;  -- 3
ROLLBACK;
SELECT CASE WHEN pg_table_is_visible(c.oid) THEN c.relname ELSE n.nspname || '.' || c.relname END
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass($1);  -- '"path_users"'
SELECT k.oid::text AS id, CASE WHEN pg_table_is_visible(c.oid) THEN c.relname ELSE n.nspname || '.' || c.relname END AS tab,
			a.attname AS col, f.attname AS parent, k.conname AS name, k.confdeltype::text AS action,
			k.contype = 'f' AND k.confdeltype IN ('c', 'n', 'd') AND coalesce(row_security_active(k.conrelid), false) AS unseen, c.relkind = 'r' AND c.relhassubclass AS heirs
		FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
		CROSS JOIN LATERAL generate_subscripts(k.conkey, 1) AS i
		JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[i]
		JOIN pg_attribute f ON f.attrelid = k.confrelid AND f.attnum = k.confkey[i]
		WHERE k.contype = 'f' AND k.conparentid = 0 AND k.confrelid = to_regclass($1)
		ORDER BY 2, k.conname, k.oid, i;  -- '"path_users"'
WITH "reached0" (n0k0) AS (SELECT "path_users"."id" FROM "path_users" WHERE (age = 30 AND "path_users"."deleted_at" IS NOT NULL)) SELECT (SELECT count(*) FROM "path_pets" AS "softdelete_r1" WHERE EXISTS (SELECT 1 FROM "path_users" AS "softdelete_p1" WHERE "softdelete_r1"."user_id" = "softdelete_p1"."id" AND "softdelete_p1"."id" = ANY (ARRAY(SELECT n0k0 FROM "reached0")))), (SELECT count(*) FROM "path_user_roles" AS "softdelete_r1" WHERE EXISTS (SELECT 1 FROM "path_users" AS "softdelete_p1" WHERE "softdelete_r1"."path_user_id" = "softdelete_p1"."id" AND "softdelete_p1"."id" = ANY (ARRAY(SELECT n0k0 FROM "reached0"))));
SELECT a.attname FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (attnum, n)
		JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum WHERE i.indrelid = to_regclass($1) AND i.indisprimary ORDER BY k.n;  -- '"path_user_roles"'
WITH "reached0" (n0k0) AS (SELECT "path_users"."id" FROM "path_users" WHERE (age = 30 AND "path_users"."deleted_at" IS NOT NULL)) SELECT "softdelete_r1"."path_user_id", "softdelete_r1"."path_role_id" FROM "path_user_roles" AS "softdelete_r1" WHERE EXISTS (SELECT 1 FROM "path_users" AS "softdelete_p1" WHERE "softdelete_r1"."path_user_id" = "softdelete_p1"."id" AND "softdelete_p1"."id" = ANY (ARRAY(SELECT n0k0 FROM "reached0"))) ORDER BY "softdelete_r1"."path_user_id", "softdelete_r1"."path_role_id" LIMIT 10;

-- Delete WithDeleted
ROLLBACK;

-- FirstOrCreate of a live row
SELECT * FROM "path_users" WHERE "path_users"."name" = $1 AND "path_users"."deleted_at" IS NULL ORDER BY "path_users"."id" LIMIT $2;  -- 'ann', 1

-- FirstOrCreate of a deleted row's value makes a new row
SELECT * FROM "path_users" WHERE "path_users"."name" = $1 AND "path_users"."deleted_at" IS NULL ORDER BY "path_users"."id" LIMIT $2;  -- 'cid', 1
INSERT INTO "path_users" ("name","badge","age","company_id","deleted_at","id") VALUES ($1,$2,$3,$4,$5,$6) RETURNING "id";  -- 'cid', 'c9', 0, NULL, NULL, 9

-- FirstOrCreate with Assign updates a live row
SELECT * FROM "path_users" WHERE (name = 'cid'
OR
name = 'ann') AND "path_users"."deleted_at" IS NULL ORDER BY "path_users"."id" LIMIT $1;  -- 1
UPDATE "path_users" SET "age"=$1 WHERE (name = 'cid'
OR
name = 'ann') AND "path_users"."deleted_at" IS NULL AND "id" = $2;  -- 31, 1

-- FirstOrCreate by the key of a deleted row
SELECT * FROM "path_users" WHERE ("path_users"."id" = $1 AND "path_users"."name" = $2 AND "path_users"."badge" = $3) AND "path_users"."deleted_at" IS NULL ORDER BY "path_users"."id" LIMIT $4;  -- 'n3', 'new', 1, 3
INSERT INTO "path_users" ("name","badge","age","company_id","deleted_at","id") VALUES ($1,$2,$3,$4,$5,$6) RETURNING "id";  -- 'new', 'n3', 0, NULL, NULL, 3
ROLLBACK;
SELECT c.relname AS name, i.indisunique AS "unique", coalesce(pg_get_expr(i.indpred, i.indrelid), '') AS "where",
				EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('u', 'p', 'x')) AS "constraint",
				i.indisprimary AS "primary", NOT i.indisvalid AS broken,
				(SELECT string_agg(coalesce(a.attname, ''), $1 ORDER BY k.n) FROM unnest(i.indkey) WITH ORDINALITY AS k (attnum, n)
					LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum > 0
					WHERE k.n <= i.indnkeyatts) AS listed
			FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
			WHERE i.indrelid = to_regclass($2) AND ($3 = '' OR c.relname = CAST($4 AS name)) ORDER BY c.relname;  -- '', '"path_users"', '', ''
SELECT "softdelete_holder"."id" FROM "path_users" AS softdelete_holder WHERE "softdelete_holder"."id" = $1 AND "softdelete_holder"."deleted_at" IS NOT NULL LIMIT 1;  -- 3

-- Create of a deleted row's unique value
INSERT INTO "path_users" ("name","badge","age","company_id","deleted_at","id") VALUES ($1,$2,$3,$4,$5,$6) RETURNING "id";  -- 'cid', 'c9', 0, NULL, NULL, 9

-- Save of a live row
UPDATE "path_users" SET "name"=$1,"badge"=$2,"age"=$3,"company_id"=$4,"deleted_at"=$5 WHERE "path_users"."deleted_at" IS NULL AND "id" = $6;  -- 'ann', 'a1', 31, NULL, NULL, 1

-- Save of a deleted row
UPDATE "path_users" SET "name"=$1,"badge"=$2,"age"=$3,"company_id"=$4,"deleted_at"=$5 WHERE "path_users"."deleted_at" IS NULL AND "id" = $6;  -- 'cid', 'c3', 31, NULL, NULL, 3
SELECT "id" FROM "path_users" WHERE "path_users"."id" = $1 AND "deleted_at" IS NOT NULL LIMIT 10;  -- 3
ROLLBACK;

-- Save of a deleted row with a condition
UPDATE "path_users" SET "name"=$1,"badge"=$2,"age"=$3,"company_id"=$4,"deleted_at"=$5 WHERE 1 = 1 AND "path_users"."deleted_at" IS NULL AND "id" = $6;  -- 'cid', 'c3', 31, NULL, NULL, 3
SELECT "id" FROM "path_users" WHERE "path_users"."id" = $1 AND "deleted_at" IS NOT NULL LIMIT 10;  -- 3
ROLLBACK;

-- Save of some columns of a deleted row
UPDATE "path_users" SET "age"=$1 WHERE "path_users"."deleted_at" IS NULL AND "id" = $2;  -- 31, 3

-- Save of a deleted row of a status model
UPDATE "path_pets" SET "user_id"=$1,"name"=$2,"status"=$3 WHERE "path_pets"."status" <> 'gone' AND "id" = $4;  -- NULL, 'old', 'here', 2
SELECT "id" FROM "path_pets" WHERE "path_pets"."id" = $1 AND "status" = 'gone' LIMIT 10;  -- 2
ROLLBACK;

-- Save of a deleted link
UPDATE "path_user_roles" SET "deleted_at"=$1 WHERE "path_user_roles"."deleted_at" IS NULL AND "path_user_id" = $2 AND "path_role_id" = $3;  -- NULL, 1, 3
SELECT "path_user_id", "path_role_id" FROM "path_user_roles" WHERE ("path_user_roles"."path_user_id", "path_user_roles"."path_role_id") = ($1, $2) AND "deleted_at" IS NOT NULL LIMIT 10;  -- 1, 3
ROLLBACK;

-- Save of a new row
UPDATE "path_roles" SET "name"=$1,"deleted_at"=$2 WHERE "path_roles"."deleted_at" IS NULL AND "id" = $3;  -- 'writer', NULL, 9
SELECT "id" FROM "path_roles" WHERE "path_roles"."id" = $1 AND "deleted_at" IS NOT NULL LIMIT 10;  -- 9
INSERT INTO "path_roles" ("name","deleted_at","id") VALUES ($1,$2,$3) ON CONFLICT ("id") DO UPDATE SET "name"="excluded"."name","deleted_at"="excluded"."deleted_at" WHERE "path_roles"."deleted_at" IS NULL  RETURNING "id";  -- 'writer', NULL, 9

-- Save of a slice of live and new rows
INSERT INTO "path_roles" ("name","deleted_at","id") VALUES ($1,$2,$3),($4,$5,$6) ON CONFLICT ("id") DO UPDATE SET "name"="excluded"."name","deleted_at"="excluded"."deleted_at" WHERE "path_roles"."deleted_at" IS NULL  RETURNING "id";  -- 'boss', NULL, 1, 'writer', NULL, 9

-- Save of a slice with a deleted row
INSERT INTO "path_roles" ("name","deleted_at","id") VALUES ($1,$2,$3),($4,$5,$6),($7,$8,$9) ON CONFLICT ("id") DO UPDATE SET "name"="excluded"."name","deleted_at"="excluded"."deleted_at" WHERE "path_roles"."deleted_at" IS NULL  RETURNING "id";  -- 'boss', NULL, 1, 'retired', NULL, 2, 'writer', NULL, 9
SELECT "id" FROM "path_roles" WHERE "path_roles"."id" = ANY ($1) AND "deleted_at" IS NOT NULL LIMIT 10;  -- '{1,2,9}'
ROLLBACK;

-- Save of a slice of deleted rows only
INSERT INTO "path_users" ("name","badge","age","company_id","deleted_at","id") VALUES ($1,$2,$3,$4,$5,$6) ON CONFLICT ("id") DO UPDATE SET "name"="excluded"."name","badge"="excluded"."badge","age"="excluded"."age","company_id"="excluded"."company_id","deleted_at"="excluded"."deleted_at" WHERE "path_users"."deleted_at" IS NULL  RETURNING "id";  -- 'cid', 'c3', 31, NULL, NULL, 3
SELECT "id" FROM "path_users" WHERE "path_users"."id" = $1 AND "deleted_at" IS NOT NULL LIMIT 10;  -- 3
ROLLBACK;

-- Save of a deleted row, Unscoped
UPDATE "path_users" SET "name"=$1,"badge"=$2,"age"=$3,"company_id"=$4,"deleted_at"=$5 WHERE "id" = $6;  -- 'cid', 'c3', 31, NULL, NULL, 3

-- Upsert by primary key, a live row
INSERT INTO "path_roles" ("name","deleted_at","id") VALUES ($1,$2,$3) ON CONFLICT ("id") DO UPDATE SET "name"="excluded"."name","deleted_at"="excluded"."deleted_at" WHERE "path_roles"."deleted_at" IS NULL  RETURNING "id";  -- 'boss', NULL, 1

-- Upsert by primary key, a deleted row
INSERT INTO "path_roles" ("name","deleted_at","id") VALUES ($1,$2,$3) ON CONFLICT ("id") DO UPDATE SET "name"="excluded"."name","deleted_at"="excluded"."deleted_at" WHERE "path_roles"."deleted_at" IS NULL  RETURNING "id";  -- 'boss', NULL, 2
SELECT "id" FROM "path_roles" WHERE "path_roles"."id" = $1 AND "deleted_at" IS NOT NULL LIMIT 10;  -- 2
ROLLBACK;

-- Upsert by a named primary key, a deleted row
INSERT INTO "path_roles" ("name","deleted_at","id") VALUES ($1,$2,$3) ON CONFLICT ("id") DO UPDATE SET "name"="excluded"."name" WHERE "path_roles"."deleted_at" IS NULL  RETURNING "id";  -- 'boss', NULL, 2
SELECT "id" FROM "path_roles" WHERE "path_roles"."id" = $1 AND "deleted_at" IS NOT NULL LIMIT 10;  -- 2
ROLLBACK;

-- Upsert of several rows, one of them deleted
INSERT INTO "path_roles" ("name","deleted_at","id") VALUES ($1,$2,$3),($4,$5,$6),($7,$8,$9) ON CONFLICT ("id") DO UPDATE SET "name"="excluded"."name","deleted_at"="excluded"."deleted_at" WHERE "path_roles"."deleted_at" IS NULL  RETURNING "id";  -- 'boss', NULL, 1, 'boss', NULL, 2, 'writer', NULL, 9
SELECT "id" FROM "path_roles" WHERE "path_roles"."id" = ANY ($1) AND "deleted_at" IS NOT NULL LIMIT 10;  -- '{1,2,9}'
ROLLBACK;

-- Upsert of a map, a deleted row
INSERT INTO "path_roles" ("id","name") VALUES ($1,$2) ON CONFLICT ("id") DO UPDATE SET "name"="excluded"."name" WHERE "path_roles"."deleted_at" IS NULL  RETURNING "id";  -- 2, 'boss'
SELECT "id" FROM "path_roles" WHERE "path_roles"."id" = $1 AND "deleted_at" IS NOT NULL LIMIT 10;  -- 2
ROLLBACK;

-- Upsert by a unique column, a live row
INSERT INTO "path_users" ("name","badge","age","company_id","deleted_at","id") VALUES ($1,$2,$3,$4,$5,$6) ON CONFLICT ("name")  WHERE "deleted_at" IS NULL DO UPDATE SET "age"="excluded"."age" WHERE "path_users"."deleted_at" IS NULL  RETURNING "id";  -- 'ann', 'a9', 31, NULL, NULL, 9

-- Upsert by a unique column that a deleted row has, too
INSERT INTO "path_users" ("name","badge","age","company_id","deleted_at","id") VALUES ($1,$2,$3,$4,$5,$6) ON CONFLICT ("name")  WHERE "deleted_at" IS NULL DO UPDATE SET "age"="excluded"."age" WHERE "path_users"."deleted_at" IS NULL  RETURNING "id";  -- 'cid', 'c9', 31, NULL, NULL, 9

-- Upsert of all columns by a unique column, a live row
INSERT INTO "path_users" ("name","badge","age","company_id","deleted_at","id") VALUES ($1,$2,$3,$4,$5,$6) ON CONFLICT ("name")  WHERE "deleted_at" IS NULL DO UPDATE SET "name"="excluded"."name","badge"="excluded"."badge","age"="excluded"."age","company_id"="excluded"."company_id","deleted_at"="excluded"."deleted_at" WHERE "path_users"."deleted_at" IS NULL  RETURNING "id";  -- 'ann', 'a9', 31, NULL, NULL, 1

-- Upsert by a unique column with a condition of its own
INSERT INTO "path_users" ("name","badge","age","company_id","deleted_at","id") VALUES ($1,$2,$3,$4,$5,$6) ON CONFLICT ("name")  WHERE "deleted_at" IS NULL DO UPDATE SET "age"="excluded"."age" WHERE "path_users"."deleted_at" IS NULL AND (path_users.age = 1
OR
path_users.age = 30)  RETURNING "id";  -- 'ann', 'a9', 31, NULL, NULL, 9

-- Upsert by a column that is unique among all rows
INSERT INTO "path_users" ("name","badge","age","company_id","deleted_at","id") VALUES ($1,$2,$3,$4,$5,$6) ON CONFLICT ("badge") DO UPDATE SET "age"="excluded"."age" WHERE "path_users"."deleted_at" IS NULL  RETURNING "id";  -- 'new', 'c3', 31, NULL, NULL, 9
SELECT "id" FROM "path_users" WHERE "path_users"."badge" = $1 AND "deleted_at" IS NOT NULL LIMIT 10;  -- 'c3'
ROLLBACK;

-- Upsert by a composite unique index, a live row
INSERT INTO "path_pets" ("user_id","name","status","id") VALUES ($1,$2,$3,$4) ON CONFLICT ("user_id","name")  WHERE "status" <> 'gone' DO UPDATE SET "status"="excluded"."status" WHERE "path_pets"."status" <> 'gone'  RETURNING "id";  -- 1, 'rex', 'away', 9

-- Upsert by a composite unique index whose values a deleted row has
INSERT INTO "path_pets" ("user_id","name","status","id") VALUES ($1,$2,$3,$4) ON CONFLICT ("user_id","name")  WHERE "status" <> 'gone' DO UPDATE SET "status"="excluded"."status" WHERE "path_pets"."status" <> 'gone'  RETURNING "id";  -- 1, 'old', 'away', 9

-- Upsert by a composite primary key, a deleted row
INSERT INTO "path_user_roles" ("path_user_id","path_role_id","deleted_at") VALUES ($1,$2,$3) ON CONFLICT ("path_user_id","path_role_id") DO UPDATE SET "deleted_at"="excluded"."deleted_at" WHERE "path_user_roles"."deleted_at" IS NULL ;  -- 1, 3, NULL
SELECT "path_user_id", "path_role_id" FROM "path_user_roles" WHERE ("path_user_roles"."path_user_id", "path_user_roles"."path_role_id") = ($1, $2) AND "deleted_at" IS NOT NULL LIMIT 10;  -- 1, 3
ROLLBACK;

-- DoNothing, a live row
INSERT INTO "path_roles" ("name","deleted_at","id") VALUES ($1,$2,$3) ON CONFLICT DO NOTHING RETURNING "id";  -- 'boss', NULL, 1

-- DoNothing, a deleted row
INSERT INTO "path_roles" ("name","deleted_at","id") VALUES ($1,$2,$3) ON CONFLICT DO NOTHING RETURNING "id";  -- 'boss', NULL, 2

-- DoNothing on a unique column, a live row
INSERT INTO "path_users" ("name","badge","age","company_id","deleted_at","id") VALUES ($1,$2,$3,$4,$5,$6) ON CONFLICT ("name")  WHERE "deleted_at" IS NULL DO NOTHING RETURNING "id";  -- 'ann', 'a9', 0, NULL, NULL, 9

-- DoNothing on a unique column that a deleted row has
INSERT INTO "path_users" ("name","badge","age","company_id","deleted_at","id") VALUES ($1,$2,$3,$4,$5,$6) ON CONFLICT ("name")  WHERE "deleted_at" IS NULL DO NOTHING RETURNING "id";  -- 'cid', 'c9', 0, NULL, NULL, 9

-- DoNothing of live, deleted and new rows
INSERT INTO "path_roles" ("name","deleted_at","id") VALUES ($1,$2,$3),($4,$5,$6),($7,$8,$9) ON CONFLICT DO NOTHING RETURNING "id";  -- 'boss', NULL, 1, 'boss', NULL, 2, 'writer', NULL, 9

-- Upsert of a deleted row, Unscoped
INSERT INTO "path_roles" ("name","deleted_at","id") VALUES ($1,$2,$3) ON CONFLICT ("id") DO UPDATE SET "name"="excluded"."name","deleted_at"="excluded"."deleted_at" RETURNING "id";  -- 'boss', NULL, 2

-- Upsert by a unique column, Unscoped
INSERT INTO "path_users" ("name","badge","age","company_id","deleted_at","id") VALUES ($1,$2,$3,$4,$5,$6) ON CONFLICT ("name")  WHERE "deleted_at" IS NULL DO UPDATE SET "age"="excluded"."age" RETURNING "id";  -- 'ann', 'a9', 31, NULL, NULL, 9

-- Upsert in batches
SAVEPOINT softdelete_1;
INSERT INTO "path_roles" ("name","deleted_at","id") VALUES ($1,$2,$3) ON CONFLICT ("id") DO UPDATE SET "name"="excluded"."name","deleted_at"="excluded"."deleted_at" WHERE "path_roles"."deleted_at" IS NULL  RETURNING "id";  -- 'boss', NULL, 1
SAVEPOINT softdelete_1;
INSERT INTO "path_roles" ("name","deleted_at","id") VALUES ($1,$2,$3) ON CONFLICT ("id") DO UPDATE SET "name"="excluded"."name","deleted_at"="excluded"."deleted_at" WHERE "path_roles"."deleted_at" IS NULL  RETURNING "id";  -- 'writer', NULL, 9

-- Upsert in batches with a deleted row
SAVEPOINT softdelete_1;
INSERT INTO "path_roles" ("name","deleted_at","id") VALUES ($1,$2,$3) ON CONFLICT ("id") DO UPDATE SET "name"="excluded"."name","deleted_at"="excluded"."deleted_at" WHERE "path_roles"."deleted_at" IS NULL  RETURNING "id";  -- 'boss', NULL, 1
SAVEPOINT softdelete_1;
INSERT INTO "path_roles" ("name","deleted_at","id") VALUES ($1,$2,$3) ON CONFLICT ("id") DO UPDATE SET "name"="excluded"."name","deleted_at"="excluded"."deleted_at" WHERE "path_roles"."deleted_at" IS NULL  RETURNING "id";  -- 'boss', NULL, 2
SELECT "id" FROM "path_roles" WHERE "path_roles"."id" = $1 AND "deleted_at" IS NOT NULL LIMIT 10;  -- 2
ROLLBACK TO SAVEPOINT softdelete_1;
ROLLBACK;

-- Find twice
SELECT * FROM "path_users" WHERE age = 30 AND "path_users"."deleted_at" IS NULL;
SELECT * FROM "path_users" WHERE age = 30 AND "path_users"."deleted_at" IS NULL;

-- Count, then Find with a further condition
SELECT count(*) FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;
SELECT * FROM "path_users" WHERE age = 30 AND "path_users"."deleted_at" IS NULL;

-- Find, then Or
SELECT * FROM "path_users" WHERE age = 30 AND "path_users"."deleted_at" IS NULL;
SELECT * FROM "path_users" WHERE (age = 30 OR age = 40) AND "path_users"."deleted_at" IS NULL;

-- Find, then a raw OR between newlines
SELECT * FROM "path_users" WHERE 1 = 1 AND "path_users"."deleted_at" IS NULL;
SELECT * FROM "path_users" WHERE 1 = 1 AND (age = 30
OR
age = 40) AND "path_users"."deleted_at" IS NULL;

-- a raw OR, then Or
SELECT * FROM "path_users" WHERE (age = 30
OR
age = 40) AND "path_users"."deleted_at" IS NULL;
SELECT * FROM "path_users" WHERE ((age = 30
OR
age = 40) OR age = 50) AND "path_users"."deleted_at" IS NULL;

-- Count, then Unscoped
SELECT count(*) FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;
SELECT * FROM "path_users";

-- Count, then WithDeleted
SELECT count(*) FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;
SELECT * FROM "path_users";

-- Find, then OnlyDeleted
SELECT * FROM "path_users" WHERE age = 30 AND "path_users"."deleted_at" IS NULL;
SELECT * FROM "path_users" WHERE age = 30 AND "path_users"."deleted_at" IS NOT NULL;

-- Rows, then Unscoped
SELECT "name" FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;
SELECT "name" FROM "path_users";

-- Update, then a raw OR and Update
UPDATE "path_users" SET "age"=$1 WHERE name = 'ann' AND "path_users"."deleted_at" IS NULL;  -- 31
UPDATE "path_users" SET "age"=$1 WHERE (name = 'ann' OR age = 30) AND "path_users"."deleted_at" IS NULL;  -- 32

-- Delete, then Update
SELECT "path_users"."id" FROM "path_users" WHERE (age = 30) AND "path_users"."deleted_at" IS NULL LIMIT 101;
UPDATE "path_users" SET "deleted_at"=$1 WHERE age = 30 AND "path_users"."id" = $2 AND "path_users"."deleted_at" IS NULL;  -- time, 1
UPDATE "path_users" SET "age"=$1 WHERE age = 30 AND "path_users"."deleted_at" IS NULL;  -- 31

-- Delete, then Update of an Unscoped statement
SELECT "path_users"."id" FROM "path_users" WHERE (age = 30) AND "path_users"."deleted_at" IS NULL LIMIT 101;
UPDATE "path_users" SET "deleted_at"=$1 WHERE age = 30 AND "path_users"."id" = $2 AND "path_users"."deleted_at" IS NULL;  -- time, 1
UPDATE "path_users" SET "age"=$1 WHERE age = 30;  -- 31

-- Delete, then Find
SELECT "path_users"."id" FROM "path_users" WHERE (age = 30) AND "path_users"."deleted_at" IS NULL LIMIT 101;
UPDATE "path_users" SET "deleted_at"=$1 WHERE age = 30 AND "path_users"."id" = $2 AND "path_users"."deleted_at" IS NULL;  -- time, 1
SELECT * FROM "path_users" WHERE age = 30 AND "path_users"."deleted_at" IS NULL;

-- Delete, then OnlyDeleted
SELECT "path_users"."id" FROM "path_users" WHERE (age = 30) AND "path_users"."deleted_at" IS NULL LIMIT 101;
UPDATE "path_users" SET "deleted_at"=$1 WHERE age = 30 AND "path_users"."id" = $2 AND "path_users"."deleted_at" IS NULL;  -- time, 1
SELECT * FROM "path_users" WHERE age = 30 AND "path_users"."deleted_at" IS NOT NULL;

-- Delete twice
SELECT "path_users"."id" FROM "path_users" WHERE (age = 30) AND "path_users"."deleted_at" IS NULL LIMIT 101;
UPDATE "path_users" SET "deleted_at"=$1 WHERE age = 30 AND "path_users"."id" = $2 AND "path_users"."deleted_at" IS NULL;  -- time, 1
SELECT "path_users"."id" FROM "path_users" WHERE (age = 30) AND "path_users"."deleted_at" IS NULL LIMIT 101;
UPDATE "path_users" SET "deleted_at"=$1 WHERE age = 30 AND 1 = 0 AND "path_users"."deleted_at" IS NULL;  -- time

-- Find, then Delete without conditions
SELECT * FROM "path_users" WHERE "path_users"."deleted_at" IS NULL;
ROLLBACK;
