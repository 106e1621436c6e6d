// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";
import {IConsortium} from "./interfaces/IConsortium.sol";
import {AddressHistory} from "./lib/AddressHistory.sol";

/// @title Members, council and what is in force
/// @notice See {IConsortium}. The council is three seats, one a region; two of them decide, and nobody else can change
/// a rule: this contract has no owner and no upgrade.
contract Consortium is IConsortium {
    using AddressHistory for Checkpoints.Trace160;
    using Checkpoints for Checkpoints.Trace160;

    struct Member {
        string name;
        string creditCode;
        string endpoint;
        uint32 regionCode;
        uint32 region;
        Role role;
        uint64 admittedAtBlock;
        Checkpoints.Trace160 operators;
        Checkpoints.Trace160 witnesses;
        Checkpoints.Trace160 statuses;
    }

    /// @dev A key's one member and one role.
    struct KeyUse {
        uint248 memberId;
        bool isWitness;
    }

    struct Proposal {
        uint32 region;
        uint64 proposedAt;
        bool executed;
        string summary;
        Call[] calls;
        /// The key that approved for each region: it counts only while it holds the seat.
        address[3] approvedWith;
    }

    struct Circuit {
        uint16 size;
        address verifier;
        uint40 fromBlock;
        uint40 toBlock;
    }

    /// @notice How long a proposal may be approved.
    uint64 public constant PROPOSAL_LIFETIME = 30 days;
    /// @notice How many blocks ahead a change of keys may be set.
    uint64 public constant MAX_KEY_LEAD_BLOCKS = 1_000_000;

    uint256 private constant MAX_NAME_BYTES = 128;
    uint256 private constant MAX_ENDPOINT_BYTES = 256;
    uint256 private constant MAX_SUMMARY_BYTES = 2_048;
    uint256 private constant CREDIT_CODE_BYTES = 18;
    uint8 private constant APPROVALS_NEEDED = 2;

    uint32[3] private _regions;
    address[3] private _seats;
    uint256 private _proposalCount;
    mapping(uint256 id => Proposal) private _proposals;

    uint256 private _memberCount;
    mapping(uint256 memberId => Member) private _members;
    mapping(address key => KeyUse) private _keys;
    mapping(bytes32 creditCodeHash => uint256 memberId) private _creditCodes;

    mapping(bytes32 name => Checkpoints.Trace160) private _contracts;
    mapping(bytes32 name => uint32 version) private _contractVersions;
    mapping(bytes32 circuitId => Circuit) private _circuits;
    uint32 private _catalogueVersion;
    bytes32 private _catalogueHash;

    modifier onlyCouncil() {
        if (msg.sender != address(this)) revert NotCouncil(msg.sender);
        _;
    }

    /// @notice Founds the consortium.
    /// @param regions_ Three region codes ending in 0000, all different.
    /// @param seats The key that holds each region's seat, all different.
    constructor(uint32[3] memory regions_, address[3] memory seats) {
        for (uint8 i = 0; i < 3; ++i) {
            uint32 region = regions_[i];
            if (region == 0 || region % 10_000 != 0 || region > 990_000) revert InvalidRegion(region);
            for (uint8 j = 0; j < i; ++j) if (regions_[j] == region) revert InvalidRegion(region);
            _regions[i] = region;
        }
        for (uint8 i = 0; i < 3; ++i) _setSeat(i, seats[i]);
    }

    // ---- council -------------------------------------------------------------------------------------------------

    /// @inheritdoc IConsortium
    function propose(Call[] calldata calls, string calldata summary) external returns (uint256 id) {
        uint8 index = _seatIndex();
        if (calls.length == 0) revert NoCalls();
        uint256 length = bytes(summary).length;
        if (length == 0 || length > MAX_SUMMARY_BYTES) revert InvalidText("summary", length);
        id = uint256(
            keccak256(abi.encode(block.chainid, address(this), ++_proposalCount, msg.sender, calls, summary))
        );
        Proposal storage p = _proposals[id];
        p.region = _regions[index];
        p.proposedAt = uint64(block.timestamp);
        p.summary = summary;
        for (uint256 i = 0; i < calls.length; ++i) p.calls.push(calls[i]);
        p.approvedWith[index] = msg.sender;
        emit ProposalMade(id, p.region, msg.sender, p.proposedAt + PROPOSAL_LIFETIME, summary, calls);
        emit ProposalApproved(id, p.region, msg.sender);
    }

    /// @inheritdoc IConsortium
    function approve(uint256 id) external {
        uint8 index = _seatIndex();
        Proposal storage p = _openProposal(id);
        if (p.approvedWith[index] == msg.sender) revert AlreadyApproved(id, _regions[index]);
        p.approvedWith[index] = msg.sender;
        emit ProposalApproved(id, _regions[index], msg.sender);
        if (_approvals(p) < APPROVALS_NEEDED) return;
        // Marked before the calls: whatever they call cannot bring it here again.
        p.executed = true;
        uint256 count = p.calls.length;
        for (uint256 i = 0; i < count; ++i) {
            Call storage call = p.calls[i];
            Address.functionCall(call.target, call.data);
        }
        emit ProposalExecuted(id);
    }

    /// @inheritdoc IConsortium
    function withdraw(uint256 id) external {
        uint8 index = _seatIndex();
        Proposal storage p = _openProposal(id);
        if (p.approvedWith[index] != msg.sender) revert NotApproved(id, _regions[index]);
        p.approvedWith[index] = address(0);
        emit ApprovalWithdrawn(id, _regions[index], msg.sender);
    }

    /// @inheritdoc IConsortium
    function setSeat(uint32 region, address seat) external onlyCouncil {
        _setSeat(regionIndex(region), seat);
    }

    /// @inheritdoc IConsortium
    function proposal(uint256 id) external view returns (ProposalView memory) {
        Proposal storage p = _proposals[id];
        if (p.region == 0) revert UnknownProposal(id);
        return
            ProposalView({
                region: p.region,
                summary: p.summary,
                calls: p.calls,
                proposedAt: p.proposedAt,
                expiresAt: p.proposedAt + PROPOSAL_LIFETIME,
                executed: p.executed,
                approvals: _approvals(p)
            });
    }

    /// @inheritdoc IConsortium
    function approvedBy(uint256 id, uint32 region) external view returns (bool) {
        uint8 index = regionIndex(region);
        address with = _proposals[id].approvedWith[index];
        return with != address(0) && with == _seats[index];
    }

    // ---- members -------------------------------------------------------------------------------------------------

    /// @inheritdoc IConsortium
    function admit(MemberInput calldata input) external onlyCouncil returns (uint256 memberId) {
        uint32 region = (input.regionCode / 10_000) * 10_000;
        regionIndex(region);
        if (input.role == Role.None) revert InvalidRole(input.role);
        _requireText("name", bytes(input.name).length, 1, MAX_NAME_BYTES);
        _requireText("creditCode", bytes(input.creditCode).length, CREDIT_CODE_BYTES, CREDIT_CODE_BYTES);
        _requireText("endpoint", bytes(input.endpoint).length, 0, MAX_ENDPOINT_BYTES);

        // One agency is one member; it may come back under a new id after it has left.
        bytes32 codeHash = keccak256(bytes(input.creditCode));
        uint256 known = _creditCodes[codeHash];
        if (known != 0 && _latestStatus(known) != Status.Left)
            revert CreditCodeTaken(input.creditCode, known);

        memberId = ++_memberCount;
        _creditCodes[codeHash] = memberId;
        Member storage m = _members[memberId];
        m.name = input.name;
        m.creditCode = input.creditCode;
        m.endpoint = input.endpoint;
        m.regionCode = input.regionCode;
        m.region = region;
        m.role = input.role;
        m.admittedAtBlock = uint64(block.number);
        _setKeys(memberId, input.role, input.operator, input.witness, block.number);
        m.statuses.set(block.number, uint160(Status.Active));
        emit MemberAdmitted(
            memberId,
            input.name,
            input.regionCode,
            region,
            input.creditCode,
            input.role,
            input.endpoint,
            input.operator,
            input.witness
        );
    }

    /// @inheritdoc IConsortium
    function suspend(uint256 memberId, bytes32 reasonHash) external onlyCouncil {
        _changeStatus(memberId, Status.Active, Status.Suspended);
        emit MemberSuspended(memberId, reasonHash, uint64(block.number + 1));
    }

    /// @inheritdoc IConsortium
    function reinstate(uint256 memberId) external onlyCouncil {
        _changeStatus(memberId, Status.Suspended, Status.Active);
        emit MemberReinstated(memberId, uint64(block.number + 1));
    }

    /// @inheritdoc IConsortium
    function remove(uint256 memberId) external onlyCouncil {
        Status status = _latestStatus(memberId);
        if (status == Status.None) revert UnknownMember(memberId);
        _changeStatus(memberId, status == Status.Left ? Status.Active : status, Status.Left);
        emit MemberRemoved(memberId, uint64(block.number + 1));
    }

    /// @inheritdoc IConsortium
    function changeKeys(
        uint256 memberId,
        address operator,
        address witness,
        uint64 fromBlock
    ) external onlyCouncil {
        Status status = _latestStatus(memberId);
        if (status == Status.None) revert UnknownMember(memberId);
        if (status == Status.Left) revert WrongStatus(memberId, status);
        uint64 earliest = uint64(block.number) + 1;
        uint64 latest = earliest + MAX_KEY_LEAD_BLOCKS;
        if (fromBlock < earliest || fromBlock > latest) revert InvalidFromBlock(fromBlock, earliest, latest);
        _setKeys(memberId, _members[memberId].role, operator, witness, fromBlock);
        emit KeysChanged(memberId, operator, witness, fromBlock);
    }

    /// @inheritdoc IConsortium
    function setEndpoint(string calldata endpoint) external {
        uint256 memberId = requireOperator(msg.sender);
        _requireText("endpoint", bytes(endpoint).length, 0, MAX_ENDPOINT_BYTES);
        _members[memberId].endpoint = endpoint;
        emit EndpointSet(memberId, endpoint);
    }

    // ---- rules ---------------------------------------------------------------------------------------------------

    /// @inheritdoc IConsortium
    function putInForce(bytes32 name, address contract_, uint32 version) external onlyCouncil {
        if (name == bytes32(0)) revert InvalidName();
        _requireContract(contract_);
        uint32 current = _contractVersions[name];
        if (version <= current) revert VersionNotNewer(version, current);
        _contractVersions[name] = version;
        uint256 fromBlock = current == 0 ? block.number : block.number + 1;
        _contracts[name].set(fromBlock, uint160(contract_));
        emit ContractPutInForce(name, contract_, version, uint64(fromBlock));
    }

    /// @inheritdoc IConsortium
    function setCatalogue(uint32 version, bytes32 hash) external onlyCouncil {
        if (hash == bytes32(0)) revert InvalidCatalogueHash();
        if (version <= _catalogueVersion) revert VersionNotNewer(version, _catalogueVersion);
        _catalogueVersion = version;
        _catalogueHash = hash;
        emit CatalogueSet(version, hash);
    }

    /// @inheritdoc IConsortium
    function putCircuit(bytes32 circuitId, uint16 size, address verifier) external onlyCouncil {
        if (circuitId == bytes32(0) || size == 0) revert InvalidCircuit(circuitId, size);
        _requireContract(verifier);
        if (_circuits[circuitId].verifier != address(0)) revert CircuitKnown(circuitId);
        _circuits[circuitId] = Circuit({
            size: size,
            verifier: verifier,
            fromBlock: uint40(block.number),
            toBlock: 0
        });
        emit CircuitPutInForce(circuitId, size, verifier, uint64(block.number));
    }

    /// @inheritdoc IConsortium
    function retireCircuit(bytes32 circuitId) external onlyCouncil {
        Circuit storage c = _circuits[circuitId];
        if (c.verifier == address(0) || c.toBlock != 0) revert CircuitNotInForce(circuitId);
        c.toBlock = uint40(block.number + 1);
        emit CircuitRetired(circuitId, c.toBlock);
    }

    // ---- views ---------------------------------------------------------------------------------------------------

    /// @inheritdoc IConsortium
    function member(uint256 memberId) external view returns (MemberView memory) {
        Member storage m = _members[memberId];
        if (m.role == Role.None) revert UnknownMember(memberId);
        return
            MemberView({
                name: m.name,
                regionCode: m.regionCode,
                region: m.region,
                creditCode: m.creditCode,
                role: m.role,
                endpoint: m.endpoint,
                status: statusAt(memberId, block.number),
                operator: operatorAt(memberId, block.number),
                witness: witnessAt(memberId, block.number),
                admittedAtBlock: m.admittedAtBlock
            });
    }

    /// @inheritdoc IConsortium
    function memberCount() external view returns (uint256) {
        return _memberCount;
    }

    /// @inheritdoc IConsortium
    function memberOfOperator(address key) public view returns (uint256 memberId) {
        memberId = _keys[key].memberId;
        if (memberId != 0 && operatorAt(memberId, block.number) != key) memberId = 0;
    }

    /// @inheritdoc IConsortium
    function memberOfWitness(address key) public view returns (uint256 memberId) {
        memberId = _keys[key].memberId;
        if (memberId != 0 && witnessAt(memberId, block.number) != key) memberId = 0;
    }

    /// @inheritdoc IConsortium
    function operatorAt(uint256 memberId, uint256 blockNumber) public view returns (address) {
        return address(_members[memberId].operators.valueAt(blockNumber));
    }

    /// @inheritdoc IConsortium
    function witnessAt(uint256 memberId, uint256 blockNumber) public view returns (address) {
        return address(_members[memberId].witnesses.valueAt(blockNumber));
    }

    /// @inheritdoc IConsortium
    function statusAt(uint256 memberId, uint256 blockNumber) public view returns (Status) {
        return Status(uint8(_members[memberId].statuses.valueAt(blockNumber)));
    }

    /// @inheritdoc IConsortium
    function activeAt(uint256 memberId, uint256 blockNumber) external view returns (bool) {
        return statusAt(memberId, blockNumber) == Status.Active;
    }

    /// @inheritdoc IConsortium
    function roleAndRegion(uint256 memberId) external view returns (Role role, uint32 region) {
        Member storage m = _members[memberId];
        return (m.role, m.region);
    }

    /// @inheritdoc IConsortium
    function regions() external view returns (uint32[3] memory) {
        return _regions;
    }

    /// @inheritdoc IConsortium
    function regionIndex(uint32 region) public view returns (uint8) {
        for (uint8 i = 0; i < 3; ++i) if (_regions[i] == region) return i;
        revert InvalidRegion(region);
    }

    /// @inheritdoc IConsortium
    function seatOf(uint32 region) external view returns (address) {
        for (uint8 i = 0; i < 3; ++i) if (_regions[i] == region) return _seats[i];
        return address(0);
    }

    /// @inheritdoc IConsortium
    function contractInForce(bytes32 name) external view returns (address) {
        return address(_contracts[name].valueAt(block.number));
    }

    /// @inheritdoc IConsortium
    function contractAt(bytes32 name, uint64 blockNumber) external view returns (address) {
        return address(_contracts[name].valueAt(blockNumber));
    }

    /// @inheritdoc IConsortium
    function circuit(
        bytes32 circuitId
    ) external view returns (uint16 size, address verifier, uint64 fromBlock, uint64 toBlock) {
        Circuit storage c = _circuits[circuitId];
        return (c.size, c.verifier, c.fromBlock, c.toBlock);
    }

    /// @inheritdoc IConsortium
    function circuitInForce(bytes32 circuitId) external view returns (bool) {
        Circuit storage c = _circuits[circuitId];
        return c.verifier != address(0) && (c.toBlock == 0 || block.number < c.toBlock);
    }

    /// @inheritdoc IConsortium
    function catalogue() external view returns (uint32 version, bytes32 hash) {
        return (_catalogueVersion, _catalogueHash);
    }

    /// @inheritdoc IConsortium
    function requireOperator(address key) public view returns (uint256 memberId) {
        memberId = memberOfOperator(key);
        if (memberId == 0) revert NotOperator(key);
        _requireActive(memberId);
    }

    /// @inheritdoc IConsortium
    function requireWitness(address key) external view returns (uint256 memberId, uint32 region) {
        memberId = memberOfWitness(key);
        if (memberId == 0) revert NotWitness(key);
        _requireActive(memberId);
        region = _members[memberId].region;
    }

    // ---- inside --------------------------------------------------------------------------------------------------

    function _setSeat(uint8 index, address seat) private {
        // The council must be three keys, none of them the council itself.
        if (seat == address(0) || seat == address(this)) revert InvalidSeat(_regions[index], seat);
        for (uint8 i = 0; i < 3; ++i) if (_seats[i] == seat) revert InvalidSeat(_regions[index], seat);
        address previous = _seats[index];
        _seats[index] = seat;
        emit SeatSet(_regions[index], seat, previous);
    }

    function _seatIndex() private view returns (uint8) {
        for (uint8 i = 0; i < 3; ++i) if (_seats[i] == msg.sender) return i;
        revert NotASeat(msg.sender);
    }

    function _openProposal(uint256 id) private view returns (Proposal storage p) {
        p = _proposals[id];
        if (p.region == 0) revert UnknownProposal(id);
        if (p.executed) revert ProposalAlreadyExecuted(id);
        uint64 expiresAt = p.proposedAt + PROPOSAL_LIFETIME;
        if (block.timestamp > expiresAt) revert ProposalExpired(id, expiresAt);
    }

    /// @dev An approval given by a key that has lost its seat does not count.
    function _approvals(Proposal storage p) private view returns (uint8 count) {
        for (uint8 i = 0; i < 3; ++i) {
            address with = p.approvedWith[i];
            if (with != address(0) && with == _seats[i]) ++count;
        }
    }

    function _setKeys(
        uint256 memberId,
        Role role,
        address operator,
        address witness,
        uint256 fromBlock
    ) private {
        _claimKey(memberId, operator, false);
        if (role == Role.Authority) _claimKey(memberId, witness, true);
        else if (witness != address(0)) revert InvalidKey(witness);
        Member storage m = _members[memberId];
        m.operators.set(fromBlock, uint160(operator));
        m.witnesses.set(fromBlock, uint160(witness));
    }

    function _claimKey(uint256 memberId, address key, bool isWitness) private {
        if (key == address(0)) revert InvalidKey(key);
        KeyUse storage use = _keys[key];
        if (use.memberId == 0) (use.memberId, use.isWitness) = (uint248(memberId), isWitness);
        else if (use.memberId != memberId || use.isWitness != isWitness) revert KeyTaken(key, use.memberId);
    }

    function _changeStatus(uint256 memberId, Status from, Status to) private {
        Status status = _latestStatus(memberId);
        if (status == Status.None) revert UnknownMember(memberId);
        if (status != from) revert WrongStatus(memberId, status);
        _members[memberId].statuses.set(block.number + 1, uint160(to));
    }

    /// @dev What was last decided, which may hold from the next block on only.
    function _latestStatus(uint256 memberId) private view returns (Status) {
        return Status(uint8(_members[memberId].statuses.latest()));
    }

    function _requireActive(uint256 memberId) private view {
        Status status = statusAt(memberId, block.number);
        if (status != Status.Active) revert MemberNotActive(memberId, status);
    }

    function _requireText(string memory what, uint256 length, uint256 min, uint256 max) private pure {
        if (length < min || length > max) revert InvalidText(what, length);
    }

    function _requireContract(address target) private view {
        if (target.code.length == 0) revert NotAContract(target);
    }
}
