//! Jobs that the runtime lists as running after a cut, and of which nothing new comes.

use super::{
    reconcile::{failed, list, lists, pass},
    *,
};

/// The TypeScript SDK's runtime: the job fails at its next event, which can't be sent, and says so to nobody.
#[test]
fn a_job_that_is_listed_after_a_cut_and_then_is_not_has_lost_its_end() {
    for replayed in [0, 1] {
        let mut world = World::opened();
        let job = world.job("job_1");
        world.gone(1006);
        world.resumed();
        list(&mut world, json!([{ "job_id": "job_1", "status": "running", "last_event_seq": replayed }]), Value::Null);
        for seq in 1..=replayed {
            world.event("job_1", seq);
        }
        pass(&mut world, 2_000);
        assert_eq!(lists(&world), 2, "nothing new came");
        list(&mut world, json!([]), Value::Null);
        assert!(!world.has("failed"), "its end may be on its way");
        pass(&mut world, 2_000);
        assert_eq!(failed(&mut world), (job, "end_lost".to_owned()));
    }
}

#[test]
fn a_job_that_goes_on_after_a_cut_is_not_asked_about_again_and_a_silent_one_less_and_less_often() {
    let mut world = World::opened();
    let job = world.job("job_1");
    world.gone(1006);
    world.resumed();
    let running = json!([{ "job_id": "job_1", "status": "running", "last_event_seq": 0 }]);
    list(&mut world, running.clone(), Value::Null);
    let mut asked = 1;
    for _ in 0..7_200 {
        pass(&mut world, 500);
        if lists(&world) > asked {
            asked = lists(&world);
            list(&mut world, running.clone(), Value::Null);
        }
    }
    assert!((7..12).contains(&asked), "{asked} lists in an hour");
    assert!(!world.has("failed"), "nobody says that it is over");
    world.event("job_1", 1);
    pass(&mut world, 1_200_000);
    assert_eq!(lists(&world), asked, "it was heard of");
    world.frame(&result("job_1", 2));
    assert_eq!(world.take("result")["job"], job);
}
