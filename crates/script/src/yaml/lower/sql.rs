//! How databases are connected to.

use plimsoll_model::query::QuerySettings;

use super::Lowering;

impl Lowering<'_> {
    pub(super) fn query_settings(&mut self) -> QuerySettings {
        let defaults = QuerySettings::default();
        let file = self.file;
        let Some(section) = &file.sql else { return defaults };
        if section.pool == Some(0) {
            self.diagnostics.error(
                &section.place,
                "a pool without connections serves nobody",
                "write how many connections all users share, such as `pool: 20`",
            );
        }
        QuerySettings {
            pool: section.pool.map(|size| size.try_into().unwrap_or(u32::MAX)),
            pool_wait_ns: section.pool_wait.map_or(defaults.pool_wait_ns, |d| d.0),
            connect_timeout_ns: section.connect_timeout.map_or(defaults.connect_timeout_ns, |d| d.0),
            ca_file: section.ca.as_ref().map(|path| self.base.join(path)),
            skip_verify: section.skip_verify.unwrap_or(false),
        }
    }
}
