//! Slugs: from any label to a stable ASCII id.
