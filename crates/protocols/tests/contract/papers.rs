//! Certificates of an authority of its own: for a server on localhost, and for a client.

use std::fs;
use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;

/// `ca.pem`, and `client` and `server` with their keys, in a directory of their own.
pub(crate) struct Papers {
    directory: TempDir,
}

impl Papers {
    pub(crate) fn issue() -> Self {
        let papers = Self { directory: TempDir::new().unwrap() };
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Whoever issues must not be called as those it issues to: some would take these for their own issuers.
        authority.distinguished_name.push(DnType::CommonName, "authority");
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        fs::write(papers.path("ca.pem"), authority.pem()).unwrap();
        for (file, name) in [("client", "tester"), ("server", "localhost")] {
            let key = KeyPair::generate().unwrap();
            let certificate =
                CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
            fs::write(papers.path(&format!("{file}.pem")), certificate.pem()).unwrap();
            fs::write(papers.path(&format!("{file}.key")), key.serialize_pem()).unwrap();
        }
        papers
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The same as text.
    pub(crate) fn file(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }
}
