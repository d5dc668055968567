//! Parts of pages.

pub(crate) mod announcements;
pub(crate) mod bars;
pub(crate) mod bring_data;
pub(crate) mod correct;
pub(crate) mod data_select;
pub(crate) mod digits;
pub(crate) mod export_model;
pub(crate) mod file_button;
pub(crate) mod frame;
pub(crate) mod image_grid;
pub(crate) mod in_turn;
pub(crate) mod label_bars;
pub(crate) mod layer_table;
pub(crate) mod model_details;
pub(crate) mod network_input;
pub(crate) mod notices;
pub(crate) mod offer;
pub(crate) mod one_image;
pub(crate) mod paper;
pub(crate) mod picture;
pub(crate) mod plot;
pub(crate) mod shared_link;
pub(crate) mod show_me;
pub(crate) mod storage_card;
pub(crate) mod term;
pub(crate) mod term_pictures;
