import { expect } from 'chai';
import { id, ZeroAddress } from 'ethers';
import { allRefused, DAY, ethers, freshWorld, networkHelpers, REGIONS, type World } from './support/world.ts';

describe('Consortium: the council', () => {
  let world: World;
  beforeEach(async () => {
    world = await freshWorld();
  });

  it('executes when two of three regions have approved, and not before', async () => {
    const { consortium, seats, target, call } = world;
    const proposal = await world.propose(await call(target, 'poke', []));
    expect(await target.calls()).to.equal(0n);
    expect((await consortium.proposal(proposal)).approvals).to.equal(1n);
    await expect(consortium.connect(seats[2]).approve(proposal))
      .to.emit(consortium, 'ProposalExecuted')
      .withArgs(proposal);
    expect(await target.calls()).to.equal(1n);
  });

  it('lets no single key change a rule: a seat cannot approve its own proposal twice', async () => {
    const { consortium, seats, target, call } = world;
    const proposal = await world.propose(await call(target, 'poke', []));
    await expect(consortium.connect(seats[0]).approve(proposal))
      .to.be.revertedWithCustomError(consortium, 'AlreadyApproved')
      .withArgs(proposal, REGIONS[0]);
  });

  it('refuses every council function to seats, members and strangers', async () => {
    const { consortium, registers, applications, seats, beijing, stranger, spare } = world;
    const key = spare[0]?.address ?? ZeroAddress;
    for (const caller of [seats[0], beijing.operator, beijing.witness, stranger]) {
      const c = consortium.connect(caller);
      const input = {
        name: 'x',
        regionCode: 110_000,
        creditCode: '9'.repeat(18),
        role: 2,
        endpoint: '',
        operator: key,
        witness: ZeroAddress,
      };
      await allRefused(
        [
          () => c.admit(input),
          () => c.suspend(1, id('r')),
          () => c.reinstate(1),
          () => c.remove(1),
          () => c.changeKeys(1, key, key, 1_000),
          () => c.setSeat(REGIONS[0], key),
          () => c.putInForce(id('x'), key, 1),
          () => c.setCatalogue(9, id('x')),
          () => c.putCircuit(id('x'), 8, key),
          () => c.retireCircuit(id('claim 8')),
        ],
        consortium,
        'NotCouncil',
        caller.address,
      );
      const r = registers.connect(caller);
      await allRefused(
        [
          () => r.setParameters({ quorumRegions: 1, quietSeconds: 0, finalSeconds: 1, graceSeconds: 0 }),
          () => r.openFor(1, id('x'), 1),
          () => r.rule(1, 1, true, id('x')),
          () => r.restoreObjector(1, 1),
        ],
        registers,
        'NotCouncil',
        caller.address,
      );
      const a = applications.connect(caller);
      await allRefused(
        [() => a.publish(id('x'), 'x', id('x'), 0, false, []), () => a.withdraw(id('x'))],
        applications,
        'NotCouncil',
        caller.address,
      );
    }
  });

  it('refuses proposals and approvals by anyone without a seat', async () => {
    const { consortium, target, call, beijing, stranger } = world;
    const calls = [await call(target, 'poke', [])];
    const proposal = await world.propose(...calls);
    for (const caller of [beijing.operator, stranger]) {
      const c = consortium.connect(caller);
      await allRefused(
        [() => c.propose(calls, 'x'), () => c.approve(proposal), () => c.withdraw(proposal)],
        consortium,
        'NotASeat',
        caller.address,
      );
    }
  });

  it('executes a proposal once', async () => {
    const { consortium, seats, target, call } = world;
    const proposal = await world.propose(await call(target, 'poke', []));
    await consortium.connect(seats[1]).approve(proposal);
    await allRefused(
      [
        () => consortium.connect(seats[2]).approve(proposal),
        () => consortium.connect(seats[1]).approve(proposal),
        () => consortium.connect(seats[0]).withdraw(proposal),
      ],
      consortium,
      'ProposalAlreadyExecuted',
      proposal,
    );
    expect(await target.calls()).to.equal(1n);
  });

  it('cannot be brought to execute a proposal again from within its own calls', async () => {
    const { consortium, seats, target, call } = world;
    // The target holds a seat of its own, so that its approval would count.
    await world.council(consortium, 'setSeat', REGIONS[2], await target.getAddress());
    const poke = await call(target, 'poke', []);
    const proposal = await world.propose(poke);
    const again = await world.propose(
      await call(target, 'approveAgain', [await consortium.getAddress(), proposal]),
    );
    await consortium.connect(seats[1]).approve(again);
    expect(await target.calls()).to.equal(2n);
    expect((await consortium.proposal(proposal)).executed).to.equal(true);

    // A proposal that approves itself while it runs is refused, and everything with it.
    const before = await target.calls();
    const next = await consortium.connect(seats[0]).propose.staticCall([poke], 'x');
    expect(next).to.not.equal(proposal);
    const nested = await world.propose(
      await call(target, 'run', [
        await consortium.getAddress(),
        consortium.interface.encodeFunctionData('approve', [again]),
      ]),
    );
    await expect(consortium.connect(seats[1]).approve(nested))
      .to.be.revertedWithCustomError(consortium, 'ProposalAlreadyExecuted')
      .withArgs(again);
    expect(await target.calls()).to.equal(before);
  });

  it('undoes all calls and the approval when one call fails, and lets its error through', async () => {
    const { consortium, seats, target, call } = world;
    const proposal = await world.propose(await call(target, 'poke', []), await call(target, 'fail', [7]));
    await expect(consortium.connect(seats[1]).approve(proposal))
      .to.be.revertedWithCustomError(target, 'Refused')
      .withArgs(7n);
    expect(await target.calls()).to.equal(0n);
    expect((await consortium.proposal(proposal)).approvals).to.equal(1n);
    expect((await consortium.proposal(proposal)).executed).to.equal(false);
  });

  it('refuses a call to an address without code', async () => {
    const { consortium, seats, stranger } = world;
    const proposal = await world.propose({ target: stranger.address, data: '0x12345678' });
    await expect(consortium.connect(seats[1]).approve(proposal)).to.be.revert(ethers);
  });

  it('lets a proposal expire after thirty days', async () => {
    const { consortium, seats, target, call } = world;
    const proposal = await world.propose(await call(target, 'poke', []));
    const { expiresAt, proposedAt } = await consortium.proposal(proposal);
    expect(expiresAt - proposedAt).to.equal(BigInt(30 * DAY));
    await networkHelpers.time.setNextBlockTimestamp(expiresAt + 1n);
    await expect(consortium.connect(seats[1]).approve(proposal))
      .to.be.revertedWithCustomError(consortium, 'ProposalExpired')
      .withArgs(proposal, expiresAt);
  });

  it('still accepts an approval in the last second', async () => {
    const { consortium, seats, target, call } = world;
    const proposal = await world.propose(await call(target, 'poke', []));
    await networkHelpers.time.setNextBlockTimestamp((await consortium.proposal(proposal)).expiresAt);
    await consortium.connect(seats[1]).approve(proposal);
    expect(await target.calls()).to.equal(1n);
  });

  it('does not count an approval that was withdrawn', async () => {
    const { consortium, seats, target, call } = world;
    const proposal = await world.propose(await call(target, 'poke', []));
    await expect(consortium.connect(seats[0]).withdraw(proposal))
      .to.emit(consortium, 'ApprovalWithdrawn')
      .withArgs(proposal, REGIONS[0], seats[0].address);
    await consortium.connect(seats[1]).approve(proposal);
    expect(await target.calls()).to.equal(0n);
    await expect(consortium.connect(seats[2]).withdraw(proposal))
      .to.be.revertedWithCustomError(consortium, 'NotApproved')
      .withArgs(proposal, REGIONS[2]);
    await consortium.connect(seats[0]).approve(proposal);
    expect(await target.calls()).to.equal(1n);
  });

  it('does not count the approval of a key that has lost its seat', async () => {
    const { consortium, seats, target, call, spare } = world;
    const [successor] = spare;
    if (!successor) throw new Error('no spare key');
    const proposal = await world.propose(await call(target, 'poke', []));
    // The first seat's key was stolen: the other two regions replace it.
    const replacement = await consortium
      .connect(seats[1])
      .propose.staticCall([await call(consortium, 'setSeat', [REGIONS[0], successor.address])], 'x');
    await consortium
      .connect(seats[1])
      .propose([await call(consortium, 'setSeat', [REGIONS[0], successor.address])], 'x');
    await expect(consortium.connect(seats[2]).approve(replacement))
      .to.emit(consortium, 'SeatSet')
      .withArgs(REGIONS[0], successor.address, seats[0].address);
    expect(await consortium.seatOf(REGIONS[0])).to.equal(successor.address);
    expect(await consortium.approvedBy(proposal, REGIONS[0])).to.equal(false);

    await consortium.connect(seats[1]).approve(proposal);
    expect(await target.calls()).to.equal(0n);
    await expect(consortium.connect(seats[0]).approve(proposal)).to.be.revertedWithCustomError(
      consortium,
      'NotASeat',
    );
    await consortium.connect(successor).approve(proposal);
    expect(await target.calls()).to.equal(1n);
  });

  it('keeps the three seats three keys', async () => {
    const { consortium, seats, call } = world;
    for (const seat of [seats[1].address, ZeroAddress, await consortium.getAddress()]) {
      await expect(world.decide(await call(consortium, 'setSeat', [REGIONS[0], seat])))
        .to.be.revertedWithCustomError(consortium, 'InvalidSeat')
        .withArgs(REGIONS[0], seat);
    }
    await expect(world.decide(await call(consortium, 'setSeat', [140_000, seats[0].address])))
      .to.be.revertedWithCustomError(consortium, 'InvalidRegion')
      .withArgs(140_000);
  });

  it('names a proposal by its content, so that an approval cannot land on other calls', async () => {
    const { consortium, seats, target, call } = world;
    const calls = [await call(target, 'poke', [])];
    const ids = [
      await consortium.connect(seats[0]).propose.staticCall(calls, 'a'),
      await consortium.connect(seats[0]).propose.staticCall(calls, 'b'),
      await consortium.connect(seats[1]).propose.staticCall(calls, 'a'),
      await consortium.connect(seats[0]).propose.staticCall([...calls, ...calls], 'a'),
    ];
    expect(new Set(ids).size).to.equal(ids.length);
    await consortium.connect(seats[0]).propose(calls, 'a');
    expect(await consortium.connect(seats[0]).propose.staticCall(calls, 'a')).to.not.equal(ids[0]);
  });

  it('refuses proposals without calls, without words or with too many, and unknown ids', async () => {
    const { consortium, seats, target, call } = world;
    const calls = [await call(target, 'poke', [])];
    const seat = consortium.connect(seats[0]);
    await expect(seat.propose([], 'x')).to.be.revertedWithCustomError(consortium, 'NoCalls');
    await expect(seat.propose(calls, ''))
      .to.be.revertedWithCustomError(consortium, 'InvalidText')
      .withArgs('summary', 0);
    await expect(seat.propose(calls, 'x'.repeat(2_049)))
      .to.be.revertedWithCustomError(consortium, 'InvalidText')
      .withArgs('summary', 2_049);
    await allRefused(
      [() => seat.approve(1), () => seat.withdraw(1), () => seat.proposal(1)],
      consortium,
      'UnknownProposal',
      1,
    );
  });

  it('shows a proposal with its calls', async () => {
    const { consortium, target, call } = world;
    const proposal = await world.propose(await call(target, 'poke', []));
    const shown = await consortium.proposal(proposal);
    expect(shown.region).to.equal(BigInt(REGIONS[0]));
    expect(shown.summary).to.equal('a decision');
    expect(shown.calls[0]?.target).to.equal(await target.getAddress());
    expect(shown.executed).to.equal(false);
  });

  it('is founded only with three different regions and three different keys', async () => {
    const factory = await ethers.getContractFactory('Consortium');
    const [a, b, c] = world.seats.map((seat) => seat.address) as [string, string, string];
    for (const [regions, wrong] of [
      [[110_000, 110_000, 130_000], 110_000],
      [[110_000, 120_100, 130_000], 120_100],
      [[0, 120_000, 130_000], 0],
      [[110_000, 120_000, 1_000_000], 1_000_000],
    ] as const) {
      await expect(factory.deploy([...regions], [a, b, c]))
        .to.be.revertedWithCustomError(world.consortium, 'InvalidRegion')
        .withArgs(wrong);
    }
    await expect(factory.deploy([...REGIONS], [a, a, c]))
      .to.be.revertedWithCustomError(world.consortium, 'InvalidSeat')
      .withArgs(REGIONS[1], a);
    await expect(factory.deploy([...REGIONS], [a, b, ZeroAddress]))
      .to.be.revertedWithCustomError(world.consortium, 'InvalidSeat')
      .withArgs(REGIONS[2], ZeroAddress);
  });
});
