#include "tests/support/backup_fixture.h"

#include "runtime/base/file.h"

namespace playbook::testing {

namespace fs = std::filesystem;

BackupFixture::BackupFixture() {
  fs::create_directories(database.parent_path());
  {
    Sqlite notes(database, Sqlite::Mode::create);
    notes.script(
        "pragma journal_mode=wal; create table notes(id integer primary key, text text, blob blob); create table tags(note int, name "
        "text); begin");
    for (int i = 0; i < 400; ++i)
      notes.execute("insert into notes(text, blob) values(?, randomblob(300))", Json::array({"note " + std::to_string(i)}));
    notes.script("insert into tags values(1, 'red'), (2, null); commit");
  }
  fs::permissions(database, fs::perms{0640});
  folder.write("app/app.env", "PASSWORD='a b $c'\nPORT=8080\n");
  fs::permissions(config, fs::perms{0600});
  old_ = present();
}

Json BackupFixture::specs() const {
  return Json::array(
      {{{"type", "sqlite"}, {"path", "data/notes.db"}}, {{"type", "files"}, {"paths", {"app.env"}}, {"optional", {"later.env"}}}});
}

BackupSet BackupFixture::create(Faults* faults) {
  Manifest manifest;
  manifest.created = "2026-11-21T07:13:49.000Z";
  manifest.application = "demo", manifest.version = "1.0";
  Work lent = work(faults);
  Utc now = parse_iso("2026-11-21T07:13:49Z") + std::chrono::seconds(made++);
  return create_set({backups, free_set_name(backups, now, "demo", "1.0"), manifest, sources.check(specs(), instance)}, sources, lent);
}

std::vector<Finding> BackupFixture::verify(const BackupSet& set) const {
  Work lent = work();
  return verify_set(set.path(), set.digest(), sources, lent);
}

Json BackupFixture::restore(const BackupSet& set, Faults* faults) const {
  Work lent = work(faults);
  return restore_set(set, set.digest(), {}, sources, lent);
}

void BackupFixture::spoil() const {
  Sqlite notes(database, Sqlite::Mode::write);
  notes.script(
      "insert into notes(text) values('after 1'), ('after 2'); update notes set text = 'spoiled' where id = 7; delete from notes where id "
      "= 9;"
      "drop table tags; alter table notes add column colour text");
  folder.write("app/app.env", "PASSWORD='other'\n");
  folder.write("app/later.env", "NEW=1\n");
}

SqliteFingerprint BackupFixture::present() const {
  Sqlite notes(database, Sqlite::Mode::read);
  return fingerprint(notes);
}

std::string BackupFixture::present_config() const { return read_file(config); }

std::string BackupFixture::state() const {
  std::string words;
  words += present() == old_ ? "old" : present().tables.count("tags") == 0 && present().tables.at("notes").rows == 401 ? "new" : "mixed";
  words += present_config() == "PASSWORD='a b $c'\nPORT=8080\n" ? " old" : present_config() == "PASSWORD='other'\n" ? " new" : " mixed";
  words += fs::exists(later) ? " new" : " old";
  return words == "old old old" ? "old" : words == "new new new" ? "new" : words;
}

}  // namespace playbook::testing
