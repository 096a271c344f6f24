-- A database as Umbraco 17 and later makes it on SQLite (SqliteSyntaxProvider), with rows of our own. @CORE@ and @PRE@ are the states; @PRE@ is empty
-- for 13 and earlier, which have none.
PRAGMA journal_mode = wal;
CREATE TABLE umbracoKeyValue
(
 "key" TEXT COLLATE NOCASE NOT NULL
, "value" TEXT COLLATE NOCASE NULL
, "updated" TEXT NOT NULL CONSTRAINT "DF_umbracoKeyValue_updated" DEFAULT (CURRENT_TIMESTAMP)
, CONSTRAINT PK_umbracoKeyValue PRIMARY KEY ("key")
);
CREATE TABLE umbracoLock
(
 "id" INTEGER NOT NULL
, "value" INTEGER NOT NULL
, "name" TEXT COLLATE NOCASE NOT NULL
, CONSTRAINT PK_umbracoLock PRIMARY KEY ("id")
);
CREATE TABLE umbracoNode
(
 "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT
, "uniqueId" TEXT NOT NULL
, "parentId" INTEGER NOT NULL
, "level" INTEGER NOT NULL
, "path" TEXT COLLATE NOCASE NOT NULL
, "sortOrder" INTEGER NOT NULL
, "trashed" INTEGER NOT NULL CONSTRAINT "DF_umbracoNode_trashed" DEFAULT ('0')
, "nodeUser" INTEGER NULL
, "text" TEXT COLLATE NOCASE NULL
, "nodeObjectType" TEXT NULL
, "createDate" TEXT NOT NULL CONSTRAINT "DF_umbracoNode_createDate" DEFAULT (CURRENT_TIMESTAMP)
, CONSTRAINT PK_umbracoNode UNIQUE ("id")
, CONSTRAINT FK_umbracoNode_umbracoNode_id FOREIGN KEY ("parentId") REFERENCES "umbracoNode" ("id")
);
CREATE TABLE "__EFMigrationsHistory" (
    "MigrationId" TEXT NOT NULL CONSTRAINT "PK___EFMigrationsHistory" PRIMARY KEY,
    "ProductVersion" TEXT NOT NULL
);
INSERT INTO umbracoNode(id,uniqueId,parentId,level,path,sortOrder,trashed,text)
 VALUES(-1,'916724A5-173D-4619-B97E-B9DE133DD6F5',-1,0,'-1',0,0,'SYSTEM DATA: umbraco master root');
INSERT INTO umbracoLock VALUES(-331,1,'Servers'),(-333,1,'ContentTree'),(-339,1,'KeyValues'),(-1000,1,'MainDom');
INSERT INTO umbracoKeyValue("key","value","updated") VALUES
 ('Umbraco.Core.Upgrader.State+Umbraco.Core','@CORE@','2026-01-01 00:00:00'),
 ('UmbracoAnalyticsLevel','Minimal','2026-01-01 00:00:00'),
 ('Umbraco.Web.PublishedCache.NuCache.Serializer','MessagePack','2026-01-01 00:00:00');
INSERT INTO umbracoKeyValue("key","value","updated")
 SELECT 'Umbraco.Core.Upgrader.State+Umbraco.Core.Premigrations','@PRE@','2026-01-01 00:00:00' WHERE '@PRE@' <> '';
CREATE TABLE umbracoDataType ("nodeId" INTEGER PRIMARY KEY, "propertyEditorAlias" TEXT NOT NULL);
CREATE TABLE cmsPropertyType ("id" INTEGER PRIMARY KEY, "dataTypeId" INTEGER NOT NULL);
CREATE TABLE umbracoPropertyData ("id" INTEGER PRIMARY KEY, "propertyTypeId" INTEGER NOT NULL, "textValue" TEXT);
INSERT INTO umbracoDataType VALUES (1, 'Umbraco.RichText'), (2, 'Umbraco.TextBox');
INSERT INTO cmsPropertyType VALUES (10, 1), (20, 2);
INSERT INTO umbracoPropertyData("propertyTypeId", "textValue") VALUES (10, '<p>one</p>'), (10, '<p>two</p>'), (20, 'three');
