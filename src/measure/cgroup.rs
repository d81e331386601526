//! The control group that this process is in, and those above it: which limits they set, and where their files are.

/// The folders of this process's group of a controller, from its own to the root's; versions 1 and 2.
///
/// `groups` is `/proc/self/cgroup`: `4:cpu,cpuacct:/path` in version 1, `0::/path` in version 2.
pub fn folders(groups: &str, controller: &str) -> Vec<String> {
    let mut folders = Vec::new();
    for line in groups.lines() {
        let Some((controllers, path)) = line.split_once(':').and_then(|(_, rest)| rest.split_once(':')) else { continue };
        let mounts: Vec<String> = match controllers {
            "" => vec!["/sys/fs/cgroup".to_owned(), "/sys/fs/cgroup/unified".to_owned()],
            some if some.split(',').any(|one| one == controller) => vec![format!("/sys/fs/cgroup/{controller}"), format!("/sys/fs/cgroup/{some}")],
            _ => continue,
        };
        // In a container the path may be that of the host, which is not there: the group is then the root of the mount.
        let mut path = path.trim_end_matches('/');
        loop {
            folders.extend(mounts.iter().map(|mount| format!("{mount}{path}")));
            match path.rsplit_once('/') {
                Some((above, _)) => path = above,
                None => break,
            }
        }
    }
    folders
}

/// Memory in bytes that this process's group, or one above it, may use; `None` where there is no limit.
pub fn memory_limit(groups: &str, text: impl Fn(&str) -> Option<String>) -> Option<u64> {
    let files = folders(groups, "memory").into_iter().flat_map(|folder| ["memory.max", "memory.limit_in_bytes"].map(|name| format!("{folder}/{name}")));
    files.filter_map(|file| text(&file)?.trim().parse().ok()).min()
}

/// Cores' worth of CPU time that this process's group, or one above it, may use; `None` where there is no quota.
pub fn cpu_quota(groups: &str, text: impl Fn(&str) -> Option<String>) -> Option<f64> {
    let quotas = folders(groups, "cpu").into_iter().filter_map(|folder| {
        if let Some(max) = text(&format!("{folder}/cpu.max")) {
            let (quota, period) = max.trim().split_once(' ')?;
            return Some(quota.parse::<f64>().ok()? / period.parse::<f64>().ok()?);
        }
        let number = |name: &str| text(&format!("{folder}/{name}"))?.trim().parse::<f64>().ok();
        // −1 is no quota.
        number("cpu.cfs_quota_us").filter(|quota| *quota > 0.0).zip(number("cpu.cfs_period_us")).map(|(quota, period)| quota / period)
    });
    quotas.min_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files<'a>(all: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |path| all.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned())
    }

    #[test]
    fn the_narrowest_limit_on_the_way_to_the_root_holds() {
        let version_2 = [
            ("/sys/fs/cgroup/a/b/cpu.max", "max 100000\n"),
            ("/sys/fs/cgroup/a/cpu.max", "150000 100000\n"),
            ("/sys/fs/cgroup/a/b/memory.max", "1000\n"),
            ("/sys/fs/cgroup/a/memory.max", "max\n"),
        ];
        assert_eq!(cpu_quota("0::/a/b\n", files(&version_2)), Some(1.5));
        assert_eq!(memory_limit("0::/a/b\n", files(&version_2)), Some(1000));
        let version_1 = [
            ("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "50000\n"),
            ("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"),
            ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "2000\n"),
        ];
        assert_eq!(cpu_quota("4:cpu,cpuacct:/of/the/host\n0::/\n", files(&version_1)), Some(0.5));
        assert_eq!(memory_limit("9:memory:/of/the/host\n", files(&version_1)), Some(2000));
    }

    #[test]
    fn no_quota_and_nonsense_are_no_limit() {
        let none = [("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"), ("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n")];
        assert_eq!(cpu_quota("1:cpu:/\n", files(&none)), None);
        for groups in ["", "nonsense", "0::/\n", "::::\n"] {
            assert_eq!(cpu_quota(groups, |_| None), None);
            assert_eq!(cpu_quota(groups, |_| Some("what".to_owned())), None);
            assert_eq!(memory_limit(groups, |_| Some("what".to_owned())), None);
        }
    }
}
